//! The published OASIS test cases as a black-box test: load, substitute, exchange, compare, report.

pub mod bar;
pub mod case;
pub mod compare;
pub mod expectations;
pub mod facts;
pub mod passing;
pub mod replay;
pub mod run;
pub mod variables;
