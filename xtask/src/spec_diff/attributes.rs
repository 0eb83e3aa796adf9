//! The attribute rules: every printed cell of attributes.tsv against the rule that holds in its version.
//!
//! A printed text that the tables below do not know stands as itself, and so differs from every rule.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use kmip_codec::attribute::rules::{
    self, ALL, ASYMMETRIC_KEYS, AttributeRule, CERTIFICATES, CREDENTIALS, CRYPTOGRAPHIC, CRYPTOGRAPHIC_AND_OPAQUE,
    Change, Instances, KEYS, KEYS_AND_CERTIFICATES, ObjectTypes, Presence, SetBy,
};
use kmip_codec::registry::ObjectType;
use kmip_codec::version::{PUBLISHED, V1_4, V2_1, Version};

use super::facts::Facts;
use crate::reference::{Row, Table};

/// attributes.tsv and attribute_versions.tsv against the rule table.
pub fn attributes(folder: &Path) -> io::Result<(Facts, Facts)> {
    let mut data = Facts::default();
    let parts = Parts::read(folder)?;
    let tags = tags(folder)?;
    for row in Table::read(folder, "attributes")?.rows().filter(|row| row.get("always_has_value") != "(no rules table)")
    {
        let Some(version) = row.version("version") else { continue };
        for name in parts.of(row.get("attribute"), version) {
            let entry = format!("attribute {name} in {version}");
            state_row(&mut data, &entry, row, version);
            if let Some(tag) = tags.get(&name) {
                data.state(&entry, "tag", tag);
            }
        }
    }
    Ok((data, code(&tags)))
}

fn code(tags: &BTreeMap<String, String>) -> Facts {
    let mut code = Facts::default();
    for version in PUBLISHED {
        for rule in rules::rules().iter().filter(|rule| rule.first <= version && version <= rule.last) {
            let entry = format!("attribute {} in {version}", rule.name());
            state_rule(&mut code, &entry, rule);
            if tags.contains_key(rule.name()) {
                code.state(&entry, "tag", format!("{:06X}", rule.tag.value()));
            }
        }
    }
    code
}

/// Tags of attributes that have one of their own, by name.
fn tags(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let table = Table::read(folder, "attribute_versions")?;
    let rows = table.rows().filter(|row| !row.get("tag").is_empty());
    Ok(rows.map(|row| (row.get("attribute").to_owned(), row.get("tag").to_owned())).collect())
}

/// The fields of the three rows that stand for several attributes.
struct Parts {
    fields: Vec<(Version, &'static str, String)>,
}

impl Parts {
    fn read(folder: &Path) -> io::Result<Parts> {
        let mut fields = Vec::new();
        for row in Table::read(folder, "structures")?.rows() {
            let whole = match (row.get("section_title"), row.get("structure")) {
                ("Certificate Attributes", _) => "Certificate Attributes",
                (_, "Links (attribute)") => "Links",
                (_, "Counters (attribute)") => "Counters",
                _ => continue,
            };
            if let Some(version) = row.version("version") {
                fields.push((version, whole, row.get("field").to_owned()));
            }
        }
        let distinguished_names = ["Certificate Subject DN", "Certificate Issuer DN"].map(String::from);
        let mut new: Vec<String> = fields.iter().filter(|field| field.0 == V2_1).map(|field| field.2.clone()).collect();
        new.extend(distinguished_names);
        fields.extend(new.into_iter().map(|name| (kmip_codec::version::V3_0, "Certificate Attributes", name)));
        Ok(Parts { fields })
    }

    fn of(&self, attribute: &str, version: Version) -> Vec<String> {
        let own = self.fields.iter().filter(|field| field.0 == version && field.1 == attribute);
        let names: Vec<String> = own.map(|field| tag_name(&field.2).to_owned()).collect();
        if names.is_empty() { vec![attribute.to_owned()] } else { names }
    }
}

/// The name in the tag table of a field that its structure names differently.
fn tag_name(field: &str) -> &str {
    if field == "Derivation Base Object Link" { "Derivation Object Link" } else { field }
}

fn state_rule(facts: &mut Facts, entry: &str, rule: &AttributeRule) {
    facts.state(entry, "always has a value", format!("{:?}", rule.presence));
    facts.state(entry, "initially set by", format!("{:?}", rule.set_by));
    facts.state(entry, "modifiable by server", format!("{:?}", rule.server_modifies));
    facts.state(entry, "modifiable by client", format!("{:?}", rule.client_modifies));
    facts.state(entry, "deletable by client", format!("{:?}", rule.client_deletes));
    facts.state(entry, "multiple instances", format!("{:?}", rule.instances));
    facts.state(entry, "applies to", format!("{:?}", rule.applies_to));
}

fn state_row(facts: &mut Facts, entry: &str, row: Row<'_>, version: Version) {
    fn shown<T: std::fmt::Debug>(meaning: impl Fn(&str) -> Option<T>, printed: &str) -> String {
        meaning(printed).map_or_else(|| format!("{printed:?}"), |value| format!("{value:?}"))
    }
    facts.state(entry, "always has a value", shown(presence, row.get("always_has_value")));
    facts.state(entry, "initially set by", shown(set_by, row.get("initially_set_by")));
    facts.state(entry, "modifiable by server", shown(change, row.get("modifiable_by_server")));
    facts.state(entry, "modifiable by client", shown(change, row.get("modifiable_by_client")));
    facts.state(entry, "deletable by client", shown(change, row.get("deletable_by_client")));
    facts.state(entry, "multiple instances", shown(instances, row.get("multiple_instances")));
    facts.state(entry, "applies to", shown(|printed| applies_to(printed, version), row.get("applies_to")));
}

fn presence(printed: &str) -> Option<Presence> {
    Some(match printed {
        "No" => Presence::Optional,
        "Yes" => Presence::Always,
        "Yes (Except for Opaque Object)" => Presence::ExceptOpaque,
        "Yes (except for Secret Data and Opaque Object)" => Presence::ExceptSecrets,
        _ if printed.starts_with("Yes, if the server has access to the Digest Value or the Key Material") => {
            Presence::WithMaterial
        }
        _ => return None,
    })
}

fn set_by(printed: &str) -> Option<SetBy> {
    Some(match printed {
        "Server" => SetBy::Server,
        "Client" => SetBy::Client,
        "Client or Server" | "Server or Client" => SetBy::Either,
        "Client or Server (when object is generated by Server)"
        | "Client (when the object is generated by the Client and registered) or Server (when object is generated by Server)" => {
            SetBy::Maker
        }
        "Client or Server (only if the Application Data is omitted, in the client request)" => SetBy::EitherFillsIn,
        "Server (Total, Count, and Unit) or Client (Total and/or Unit only)"
        | "Server (Usage Limits Total, Usage Limits Count, and Usage Limits Unit) or Client (Usage Limits Total and/or Usage Limits Unit only)" => {
            SetBy::EitherLimits
        }
        _ => return None,
    })
}

fn change(printed: &str) -> Option<Change> {
    Some(match printed {
        "No" | "No, but only by the server in response to certain requests (see above)" => Change::No,
        "Yes" => Change::Yes,
        "Yes, only while in Pre-Active state" => Change::InPreActive,
        "Yes, only while in Pre-Active or Active state" => Change::UntilDeactivated,
        "Yes, only while in Pre-Active or Active state and as long as the Process Start Date has been not reached." => {
            Change::UntilProcessStart
        }
        "Yes, only while in Pre-Active or Active state and as long as the Protect Stop Date has not been reached." => {
            Change::UntilProtectStop
        }
        "Yes, as long as Get Usage Allocation has not been performed"
        | "Yes (Total and/or Unit only, as long as Get Usage Allocation has not been performed)"
        | "Yes (Usage Limits Total and/or Usage Limits Unit only, as long as Get Usage Allocation has not been performed)" => {
            Change::UntilAllocated
        }
        "Yes (but only from False to True)" => Change::OnlyToTrue,
        "Yes (but only from True to False)" => Change::OnlyToFalse,
        "Yes, for server-created attributes" | "Yes, for client-created attributes" => Change::IfOwn,
        "Yes (Only if no value present)" => Change::IfAbsent,
        "Yes (only if the Application Data is omitted in the client request)" => Change::IfDataOmitted,
        "Yes – incremented on Signature Verify" => Change::OnUse,
        _ => return None,
    })
}

fn instances(printed: &str) -> Option<Instances> {
    Some(match printed {
        "No" | "N/A" => Instances::One,
        "Yes" => Instances::Many,
        "Yes for PGP certificates. No for X.509 certificates." | "Yes for PGP keys. No for X.509 certificates." => {
            Instances::OneUnlessPgp
        }
        _ => return None,
    })
}

fn applies_to(printed: &str, version: Version) -> Option<ObjectTypes> {
    let only = ObjectTypes::of;
    let cryptographic = if version == V1_4 { CRYPTOGRAPHIC_AND_OPAQUE } else { CRYPTOGRAPHIC };
    Some(match printed {
        "All Objects" => ALL,
        "All Cryptographic Objects" | "Cryptographic Objects" | "Managed Cryptographic Objects" => cryptographic,
        "All Cryptographic Objects, Templates" => cryptographic.with(ObjectType::Template),
        "All Cryptographic Objects, Opaque Object" | "All Cryptographic Objects, Opaque Objects" => {
            CRYPTOGRAPHIC_AND_OPAQUE
        }
        "Keys, Templates" => KEYS.with(ObjectType::Template),
        "Keys, Certificates, Templates" | "Keys ,Certificates, Templates" => {
            KEYS_AND_CERTIFICATES.with(ObjectType::Template)
        }
        "Symmetric Keys, Split Keys of symmetric keys, Templates" => {
            only(ObjectType::SymmetricKey).with(ObjectType::SplitKey).with(ObjectType::Template)
        }
        "Asymmetric Keys, Templates" => ASYMMETRIC_KEYS.with(ObjectType::Template),
        "Public Keys, Private Keys" => ASYMMETRIC_KEYS,
        "Symmetric Key, Private Key, Split Key, Secret Data" => only(ObjectType::SymmetricKey)
            .with(ObjectType::PrivateKey)
            .with(ObjectType::SplitKey)
            .with(ObjectType::SecretData),
        "Split Key" => only(ObjectType::SplitKey),
        "Certificates" | "X.509 Certificates" => CERTIFICATES,
        "Certificates, PGP keys" => CERTIFICATES.with(ObjectType::PGPKey),
        "Credential Objects" => CREDENTIALS,
        "Opaque Objects" => only(ObjectType::OpaqueObject),
        _ => return None,
    })
}
