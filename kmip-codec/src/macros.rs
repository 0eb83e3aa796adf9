//! The macros that declare the protocol: `record!` for structures, `union!` for a value chosen by an earlier field,
//! `choice!` for an item chosen by its own tag. Each field stands in one row, with the versions that have it.

/// Declares structures: fields in wire order.
///
/// `name: Type = tag(Tag)` is a field under a tag (`T` exactly one, `Option<T>`, `Vec<T>`); `by(Tag, earlier)` one whose
/// layout depends on an earlier field; `refers(Tag)` one that links to an object; `choice()` one that is told by its own tag; `bag(V1 carrier, V2 carrier)` an
/// attribute bag, `criteria` one whose structures need not be whole. `since`, `until` and `required` name versions.
macro_rules! record {
    ($($(#[$doc:meta])* $name:ident $title:literal {
        $($field:ident : $ty:ty = $kind:ident ($($arg:tt)*)
            $(since $since:ident)? $(until $until:ident)? $(required $required:ident)?),* $(,)?
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(#[doc = concat!("`", stringify!($($arg)*), "`")] pub $field: $ty,)*
        }

        impl $crate::value::Structure for $name {
            const NAME: &'static str = $title;
            const FIELDS: &'static [$crate::value::FieldRow] = &[$($crate::value::FieldRow {
                field: stringify!($field),
                tags: record!(@tags $kind ($($arg)*) $ty),
                since: record!(@since $kind ($($arg)*) [$($since)?]),
                until: record!(@until $kind ($($arg)*) [$($until)?]),
                moves: record!(@moves $kind ($($arg)*)),
                required: record!(@version $($required)?),
                refers: record!(@refers $kind),
                rust_type: stringify!($ty),
            }),*];
        }

        impl $crate::value::Value for $name {
            fn put(&self, tag: $crate::registry::Tag, sink: &mut dyn $crate::wire::Sink) {
                sink.begin(tag);
                $(if record!(@live sink [$($since)?] [$($until)?]) {
                    record!(@put $kind ($($arg)*) (self.$field) sink);
                })*
                sink.end();
            }

            fn take(source: &mut dyn $crate::wire::Source) -> $crate::error::Result<Self> {
                source.enter()?;
                let value = Self::take_fields(source).map_err(|error| error.within($title))?;
                source.leave()?;
                Ok(value)
            }
        }

        impl $name {
            #[allow(unused_mut, unused_variables)]
            fn take_fields(source: &mut dyn $crate::wire::Source) -> $crate::error::Result<Self> {
                let mut next = source.next()?;
                $(
                    record!(@gate $kind ($($arg)*) $ty, next source [$($since)?] [$($until)?]);
                    let $field: $ty = record!(@take $kind ($($arg)*) next source);
                    record!(@require $kind $field source [$($since)?] [$($until)?] [$($required)?]);
                )*
                if next != $crate::registry::Tag::NONE {
                    let present = [$(record!(@present $kind $field)),*];
                    return Err($crate::value::unexpected_field(next, <Self as $crate::value::Structure>::FIELDS, &present));
                }
                Ok(Self { $($field),* })
            }
        }

        #[cfg(test)]
        impl $crate::arbitrary::Arbitrary for $name {
            #[allow(unused_variables)]
            fn arbitrary(g: &mut $crate::arbitrary::Gen<'_>) -> Self {
                $(
                    let live = record!(@live g [$($since)?] [$($until)?]);
                    let required = live && record!(@required g [$($required)?]);
                    let $field: $ty = record!(@arbitrary $kind ($($arg)*) g live required);
                )*
                Self { $($field),* }
            }
        }
    )*
        /// The structures of this file.
        pub(crate) const STRUCTURES: &[$crate::structures::StructureTable] =
            &[$($crate::structures::StructureTable::of::<$name>(stringify!($name))),*];
    };

    (@required $s:ident []) => { false };
    (@required $s:ident [$required:ident]) => { $s.version() >= $crate::version::$required };

    (@arbitrary tag ($tag:ident) $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::ArbitraryField::arbitrary_field($g, $live, $required)
    };
    (@arbitrary by ($tag:ident, $by:ident) $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::ArbitraryFieldBy::arbitrary_field_by(&$by, $g)
    };
    (@arbitrary refers ($tag:ident) $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::links($crate::arbitrary::ArbitraryField::arbitrary_field($g, $live, $required), $g)
    };
    (@arbitrary choice () $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::ArbitraryField::arbitrary_field($g, $live, $required)
    };
    (@arbitrary rest () $g:ident $live:ident $required:ident) => { $crate::arbitrary::vendor_items($g) };
    (@arbitrary references ($from:ident) $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::references($crate::version::$from, $g, $live, $required)
    };
    (@arbitrary criteria ($($carrier:tt)*) $g:ident $live:ident $required:ident) => {
        record!(@arbitrary bag ($($carrier)*) $g $live $required)
    };
    (@arbitrary bag ($($carrier:tt)*) $g:ident $live:ident $required:ident) => {
        $crate::arbitrary::bag(record!(@carriers $($carrier)*), $g, $required)
    };

    (@version) => { None };
    (@version $version:ident) => { Some($crate::version::$version) };

    (@since bag (Nil, $($carrier:tt)*) []) => { Some($crate::version::V2_0) };
    (@since $kind:ident ($($arg:tt)*) [$($since:ident)?]) => { record!(@version $($since)?) };
    (@until bag (Bare, Nil) []) => { Some($crate::version::V1_4) };
    (@until bag (Template($a:ident), Nil) []) => { Some($crate::version::V1_4) };
    (@until $kind:ident ($($arg:tt)*) [$($until:ident)?]) => { record!(@version $($until)?) };
    (@refers refers) => { true };
    (@refers $kind:ident) => { false };
    (@moves criteria ($($carrier:tt)*)) => { record!(@moves bag ($($carrier)*)) };
    (@moves bag (Bare, Set($b:ident))) => { Some($crate::version::V2_0) };
    (@moves bag (Template($a:ident), Set($b:ident))) => { Some($crate::version::V2_0) };
    (@moves references ($from:ident)) => { Some($crate::version::$from) };
    (@moves $kind:ident ($($arg:tt)*)) => { None };

    (@tags tag ($tag:ident) $ty:ty) => { &[$crate::registry::Tag::$tag] };
    (@tags refers ($tag:ident) $ty:ty) => { &[$crate::registry::Tag::$tag] };
    (@tags by ($tag:ident, $by:ident) $ty:ty) => { &[$crate::registry::Tag::$tag] };
    (@tags choice () $ty:ty) => { <$ty as $crate::value::ChoiceField>::TAGS };
    (@tags rest () $ty:ty) => { &[] };
    (@tags criteria ($($carrier:tt)*) $ty:ty) => { record!(@carrier_tags $($carrier)*) };
    (@tags bag ($($carrier:tt)*) $ty:ty) => { record!(@carrier_tags $($carrier)*) };
    (@tags references ($($arg:tt)*) $ty:ty) => { &[$crate::registry::Tag::AttributeName, $crate::registry::Tag::AttributeReference] };
    (@carrier_tags Nil, Set($b:ident)) => { &[$crate::registry::Tag::$b] };
    (@carrier_tags Bare, Set($b:ident)) => { &[$crate::registry::Tag::Attribute, $crate::registry::Tag::$b] };
    (@carrier_tags Bare, Nil) => { &[$crate::registry::Tag::Attribute] };
    (@carrier_tags Template($a:ident), Set($b:ident)) => { &[$crate::registry::Tag::$a, $crate::registry::Tag::$b] };
    (@carrier_tags Template($a:ident), Nil) => { &[$crate::registry::Tag::$a] };

    (@live $s:ident [] []) => { true };
    (@live $s:ident [$since:ident] []) => { $s.version() >= $crate::version::$since };
    (@live $s:ident [] [$until:ident]) => { $s.version() <= $crate::version::$until };
    (@live $s:ident [$since:ident] [$until:ident]) => {
        ($crate::version::$since..=$crate::version::$until).contains(&$s.version())
    };

    (@gate $kind:ident ($($arg:tt)*) $ty:ty, $next:ident $s:ident [] []) => {};
    (@gate $kind:ident ($($arg:tt)*) $ty:ty, $next:ident $s:ident [$($since:ident)?] [$($until:ident)?]) => {
        if record!(@tags $kind ($($arg)*) $ty).contains(&$next) && !record!(@live $s [$($since)?] [$($until)?]) {
            $crate::value::foreign_field($next, $s)?;
        }
    };

    (@require $kind:ident $field:ident $s:ident [$($since:ident)?] [$($until:ident)?] []) => {};
    (@require $kind:ident $field:ident $s:ident [$($since:ident)?] [$($until:ident)?] [$required:ident]) => {
        if $s.version() >= $crate::version::$required
            && record!(@live $s [$($since)?] [$($until)?])
            && !record!(@present $kind $field)
        {
            return Err($crate::value::missing_field::<Self>(stringify!($field), $s.version()));
        }
    };

    (@present tag $field:ident) => { $crate::value::Field::is_present(&$field) };
    (@present refers $field:ident) => { $crate::value::Field::is_present(&$field) };
    (@present by $field:ident) => { $crate::value::FieldBy::is_present(&$field) };
    (@present choice $field:ident) => { $crate::value::ChoiceField::is_present(&$field) };
    (@present criteria $field:ident) => { $field.is_some() };
    (@present bag $field:ident) => { $field.is_some() };
    (@present references $field:ident) => { !$field.is_empty() };
    (@present rest $field:ident) => { !$field.is_empty() };

    (@put tag ($tag:ident) ($value:expr) $s:ident) => {
        $crate::value::Field::put_field(&$value, $crate::registry::Tag::$tag, $s)
    };
    (@put refers ($tag:ident) ($value:expr) $s:ident) => {
        $crate::attribute::put_links(&$value, $crate::registry::Tag::$tag, $s)
    };
    (@put by ($tag:ident, $by:ident) ($value:expr) $s:ident) => {
        $crate::value::FieldBy::put_field_by(&$value, $crate::registry::Tag::$tag, $s)
    };
    (@put rest () ($value:expr) $s:ident) => { $value.iter().for_each(|item| $crate::value::Value::put(&item.value, item.tag, $s)) };
    (@put choice () ($value:expr) $s:ident) => { $crate::value::ChoiceField::put_choice_field(&$value, $s) };
    (@put references ($from:ident) ($value:expr) $s:ident) => {
        $crate::attribute::put_references(&$value, $crate::version::$from, $s)
    };
    (@put criteria ($($carrier:tt)*) ($value:expr) $s:ident) => { record!(@put bag ($($carrier)*) ($value) $s) };
    (@put bag ($($carrier:tt)*) ($value:expr) $s:ident) => {
        $crate::attribute::put_bag($value.as_ref(), record!(@carriers $($carrier)*), $s)
    };

    (@take tag ($tag:ident) $next:ident $s:ident) => {
        $crate::value::Field::take_field($crate::registry::Tag::$tag, &mut $next, $s)?
    };
    (@take refers ($tag:ident) $next:ident $s:ident) => {
        $crate::attribute::take_links($crate::registry::Tag::$tag, &mut $next, $s)?
    };
    (@take by ($tag:ident, $by:ident) $next:ident $s:ident) => {
        $crate::value::FieldBy::take_field_by($crate::registry::Tag::$tag, $by.clone(), &mut $next, $s)?
    };
    (@take rest () $next:ident $s:ident) => { $crate::item::take_rest(&mut $next, $s)? };
    (@take choice () $next:ident $s:ident) => { $crate::value::ChoiceField::take_choice_field(&mut $next, $s)? };
    (@take references ($from:ident) $next:ident $s:ident) => {
        $crate::attribute::take_references($crate::version::$from, &mut $next, $s)?
    };
    (@take criteria ($($carrier:tt)*) $next:ident $s:ident) => {
        $crate::attribute::take_criteria(record!(@carriers $($carrier)*), &mut $next, $s)?
    };
    (@take bag ($($carrier:tt)*) $next:ident $s:ident) => {
        $crate::attribute::take_bag(record!(@carriers $($carrier)*), &mut $next, $s)?
    };

    (@carriers $a:ident $(($at:ident))?, $b:ident $(($bt:ident))?) => {
        (
            $crate::attribute::Carrier::$a $(($crate::registry::Tag::$at))?,
            $crate::attribute::Carrier::$b $(($crate::registry::Tag::$bt))?,
        )
    };
}
pub(crate) use record;

/// Declares a value whose layout an earlier field chooses; anything else is kept as an untyped item.
macro_rules! union {
    ($(#[$doc:meta])* $name:ident by $by:ty { $($variant:ident($ty:ty) = $key:pat_param),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(#[doc = concat!("For ", stringify!($key), ".")] $variant($ty),)*
            /// For any other value: the item as it came.
            Unknown($crate::item::ItemValue),
        }

        impl $crate::value::ValueBy for $name {
            type By = $by;

            fn put_by(&self, tag: $crate::registry::Tag, sink: &mut dyn $crate::wire::Sink) {
                match self {
                    $(Self::$variant(value) => $crate::value::Value::put(value, tag, sink),)*
                    Self::Unknown(value) => $crate::value::Value::put(value, tag, sink),
                }
            }

            fn take_by(by: $by, source: &mut dyn $crate::wire::Source) -> $crate::error::Result<Self> {
                match by {
                    $($key => <$ty as $crate::value::Value>::take(source).map(Self::$variant),)*
                    _ => $crate::item::ItemValue::take_structure(source).map(Self::Unknown),
                }
            }
        }

        #[cfg(test)]
        impl $crate::arbitrary::ArbitraryBy for $name {
            fn arbitrary_by(by: &$by, g: &mut $crate::arbitrary::Gen<'_>) -> Self {
                match *by {
                    $($key => Self::$variant($crate::arbitrary::Arbitrary::arbitrary(g)),)*
                    _ => Self::Unknown($crate::arbitrary::structure(g)),
                }
            }
        }
    };
}
pub(crate) use union;

/// Declares an item that is one of several, told apart by tag.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($ty:ty) = $tag:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(#[doc = concat!("Under the tag `", stringify!($tag), "`.")] $variant($ty),)*
        }

        impl $crate::value::Choice for $name {
            fn put_choice(&self, sink: &mut dyn $crate::wire::Sink) {
                match self {
                    $(Self::$variant(value) => $crate::value::Value::put(value, $crate::registry::Tag::$tag, sink),)*
                }
            }

            const TAGS: &'static [$crate::registry::Tag] = &[$($crate::registry::Tag::$tag),*];

            fn take_choice(
                tag: $crate::registry::Tag,
                source: &mut dyn $crate::wire::Source,
            ) -> $crate::error::Result<Self> {
                match tag {
                    $($crate::registry::Tag::$tag => <$ty as $crate::value::Value>::take(source).map(Self::$variant),)*
                    _ => Err($crate::error::DecodeError::new($crate::error::Problem::Unexpected, tag)),
                }
            }
        }

        #[cfg(test)]
        impl $crate::arbitrary::Arbitrary for $name {
            fn arbitrary(g: &mut $crate::arbitrary::Gen<'_>) -> Self {
                let makers: &[fn(&mut $crate::arbitrary::Gen<'_>) -> Self] =
                    &[$(|g| Self::$variant($crate::arbitrary::Arbitrary::arbitrary(g))),*];
                g.pick(makers)(g)
            }
        }
    };
}
pub(crate) use choice;
