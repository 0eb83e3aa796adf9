//! `create`, `create-pair` and `rekey`: keys that the server makes.

use kmip_client::{KeyPair, KeyPairAttributes, attributes};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::CryptographicDomainParameters;
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Usage, ObjectType, RecommendedCurve, Tag,
};

use super::{activate_new, new_attributes, usage};
use crate::cli::{CreateArgs, RekeyArgs};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::names;
use crate::target::Target;

/// Lengths of symmetric keys where none is given.
const LENGTHS: [(Algorithm, i32); 11] = [
    (Algorithm::AES, 256),
    (Algorithm::DES3, 168),
    (Algorithm::ChaCha20, 256),
    (Algorithm::ChaCha20Poly1305, 256),
    (Algorithm::Camellia, 256),
    (Algorithm::ARIA, 256),
    (Algorithm::HMAC_SHA1, 160),
    (Algorithm::HMAC_SHA224, 224),
    (Algorithm::HMAC_SHA256, 256),
    (Algorithm::HMAC_SHA384, 384),
    (Algorithm::HMAC_SHA512, 512),
];
/// Length of an RSA pair where none is given.
const RSA_LENGTH: i32 = 3072;

/// Curves of pairs: what people call them, and the length.
const CURVES: [(&str, RecommendedCurve, i32); 6] = [
    ("p256", RecommendedCurve::P_256, 256),
    ("p384", RecommendedCurve::P_384, 384),
    ("p521", RecommendedCurve::P_521, 521),
    ("secp256k1", RecommendedCurve::SECP256K1, 256),
    ("p224", RecommendedCurve::P_224, 224),
    ("x25519", RecommendedCurve::CURVE25519, 256),
];

/// Makes a key, or a pair if the algorithm is one of pairs.
pub async fn run(context: &Context, args: CreateArgs) -> Done {
    let algorithm = names::value::<Algorithm>(&args.algorithm)?;
    if is_of_pairs(algorithm) {
        return run_pair(context, args).await;
    }
    if args.curve.is_some() || args.public_name.is_some() {
        return Err(CliError::usage("--curve and --public-name belong to key pairs"));
    }
    let usual = LENGTHS.iter().find(|(known, _)| *known == algorithm).map(|(_, length)| *length);
    let length = args.length.or(usual).ok_or_else(|| CliError::usage("give the length of the key: --length BITS"))?;
    let more = new_attributes(&args.new)?;
    let usage = usage(&args.new, usual_usage(algorithm))?;
    let mut client = context.client().await?;
    let id = client.create_symmetric_key(algorithm, length, usage, more).await?;
    activate_new(&mut client, &args.new, &id).await?;
    context.output.record(&[("id", id.into())])
}

/// What symmetric keys are usually for.
pub fn usual_usage(algorithm: Algorithm) -> Usage {
    if names::name(algorithm).starts_with("HMAC") {
        Usage::MACGenerate | Usage::MACVerify
    } else {
        Usage::Encrypt | Usage::Decrypt
    }
}

fn is_of_pairs(algorithm: Algorithm) -> bool {
    use Algorithm as A;
    matches!(algorithm, A::RSA | A::DSA | A::ECDSA | A::EC | A::ECDH | A::ECMQV | A::DH | A::Ed25519 | A::Ed448)
}

/// Makes a key pair.
pub async fn run_pair(context: &Context, args: CreateArgs) -> Done {
    let attributes = pair_attributes(&args)?;
    let mut client = context.client().await?;
    let pair = client.create_key_pair(attributes).await?;
    activate_new(&mut client, &args.new, &pair.private).await?;
    activate_new(&mut client, &args.new, &pair.public).await?;
    print_pair(context, pair)
}

fn print_pair(context: &Context, pair: KeyPair) -> Done {
    context.output.record(&[("private", pair.private.into()), ("public", pair.public.into())])
}

fn pair_attributes(args: &CreateArgs) -> Done<KeyPairAttributes> {
    let mut common = key_attributes(args)?;
    let mut new = new_attributes(&args.new)?;
    new.retain(|attribute| attribute.tag() != Tag::Name);
    common.extend(new);
    let (mut private, mut public) = (vec![], vec![]);
    if args.new.usage.is_empty() && common.contains(&Attribute::CryptographicAlgorithm(Algorithm::ECDH)) {
        common.push(Attribute::CryptographicUsageMask(Usage::DeriveKey));
    } else if args.new.usage.is_empty() {
        private.push(Attribute::CryptographicUsageMask(Usage::Sign));
        public.push(Attribute::CryptographicUsageMask(Usage::Verify));
    } else {
        let (of_private, of_public) = split_usage(usage(&args.new, Usage(0))?);
        private.push(Attribute::CryptographicUsageMask(of_private));
        public.push(Attribute::CryptographicUsageMask(of_public));
    }
    private.extend(args.new.name.as_deref().map(attributes::name));
    // A name is unique within a scope (KMIP 2.1 §4.34), so the halves of a pair cannot share one.
    let public_name = args.public_name.clone().or(args.new.name.as_ref().map(|name| format!("{name}-public")));
    public.extend(public_name.as_deref().map(attributes::name));
    Ok(KeyPairAttributes { common, private, public })
}

/// Which half of a pair does what.
fn split_usage(usage: Usage) -> (Usage, Usage) {
    let public = Usage::Verify | Usage::Encrypt | Usage::WrapKey;
    let both = Usage::DeriveKey | Usage::KeyAgreement;
    (Usage(usage.0 & (!public.0 | both.0)), Usage(usage.0 & (public.0 | both.0)))
}

fn key_attributes(args: &CreateArgs) -> Done<Vec<Attribute>> {
    let algorithm = match args.algorithm.to_ascii_lowercase().as_str() {
        "ec" => Algorithm::ECDSA,
        other => names::value(other)?,
    };
    let (length, curve) = match algorithm {
        Algorithm::RSA => (args.length.or(Some(RSA_LENGTH)), None),
        Algorithm::Ed25519 => (args.length.or(Some(256)), None),
        Algorithm::Ed448 => (args.length.or(Some(456)), None),
        Algorithm::ECDSA | Algorithm::ECDH | Algorithm::EC | Algorithm::ECMQV => {
            let (curve, length) = curve(args.curve.as_deref(), args.length)?;
            (Some(length), Some(curve))
        }
        _ => (args.length, None),
    };
    if curve.is_none() && args.curve.is_some() {
        return Err(CliError::usage(format!("--curve does not belong to {algorithm}")));
    }
    let domain = curve.map(|curve| CryptographicDomainParameters { qlength: None, recommended_curve: Some(curve) });
    Ok(std::iter::once(Attribute::CryptographicAlgorithm(algorithm))
        .chain(length.map(Attribute::CryptographicLength))
        .chain(domain.map(Attribute::CryptographicDomainParameters))
        .collect())
}

/// By its name, else by the length, else P-256.
fn curve(name: Option<&str>, length: Option<i32>) -> Done<(RecommendedCurve, i32)> {
    let found = match (name, length) {
        (Some(name), _) => {
            let named = CURVES.iter().find(|(known, ..)| name.eq_ignore_ascii_case(known)).map(|(_, curve, _)| *curve);
            let curve = named.map_or_else(|| names::value::<RecommendedCurve>(name), Ok)?;
            let known = CURVES.iter().find(|(_, known, _)| *known == curve).map(|(.., bits)| *bits);
            let bits = length.or(known);
            return bits
                .map(|bits| (curve, bits))
                .ok_or_else(|| CliError::usage("give the length of the curve: --length BITS"));
        }
        (None, Some(length)) => CURVES.iter().find(|(.., bits)| *bits == length),
        (None, None) => CURVES.first(),
    };
    found
        .map(|(_, curve, bits)| (*curve, *bits))
        .ok_or_else(|| CliError::usage("no usual curve has this length: give --curve"))
}

/// Makes a key, or a pair, that takes the place of another.
pub async fn rekey(context: &Context, args: RekeyArgs) -> Done {
    let mut client = context.client().await?;
    let target = Target::find(&mut client, &args.target).await?;
    match target.object_type {
        Some(ObjectType::PrivateKey) => {
            let pair = client.rekey_key_pair(&target.id, args.offset, KeyPairAttributes::default()).await?;
            print_pair(context, pair)
        }
        Some(ObjectType::PublicKey) => Err(CliError::usage(format!(
            "{target}: name the private key of the pair; `kmip-cli attributes get {} Link` shows it",
            target.id
        ))),
        _ => {
            let id = client.rekey(&target.id, args.offset, []).await?;
            context.output.record(&[("id", id.into()), ("replaces", target.id.into())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::NewObject;

    fn args(algorithm: &str) -> CreateArgs {
        let new =
            NewObject { name: Some("n".into()), usage: vec![], group: vec![], attributes: vec![], activate: false };
        CreateArgs { algorithm: algorithm.into(), length: None, curve: None, public_name: None, new }
    }

    #[test]
    fn a_pair_for_key_agreement_derives_keys() {
        let mut x25519 = args("ecdh");
        x25519.curve = Some("x25519".into());
        let attributes = pair_attributes(&x25519).unwrap();
        let domain =
            CryptographicDomainParameters { qlength: None, recommended_curve: Some(RecommendedCurve::CURVE25519) };
        let expected = [
            Attribute::CryptographicAlgorithm(Algorithm::ECDH),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicDomainParameters(domain),
            Attribute::CryptographicUsageMask(Usage::DeriveKey),
        ];
        assert_eq!(attributes.common, expected);
        assert!([attributes.private, attributes.public].iter().flatten().all(|one| one.tag() == Tag::Name));
    }

    #[test]
    fn a_pair_gets_two_names_and_each_half_its_usage() {
        let mut rsa = args("rsa");
        rsa.new.usage = vec!["sign".into(), "verify".into(), "encrypt".into(), "decrypt".into()];
        let attributes = pair_attributes(&rsa).unwrap();
        assert_eq!(
            attributes.common,
            [Attribute::CryptographicAlgorithm(Algorithm::RSA), Attribute::CryptographicLength(3072)]
        );
        let half = |usage, name| vec![Attribute::CryptographicUsageMask(usage), attributes::name(name)];
        assert_eq!(attributes.private, half(Usage::Sign | Usage::Decrypt, "n"));
        assert_eq!(attributes.public, half(Usage::Verify | Usage::Encrypt, "n-public"));
    }

    #[test]
    fn curves_are_found_by_name_and_by_length() {
        assert_eq!(curve(None, None).unwrap(), (RecommendedCurve::P_256, 256));
        assert_eq!(curve(Some("P-384"), None).unwrap(), (RecommendedCurve::P_384, 384));
        assert_eq!(curve(Some("p521"), None).unwrap(), (RecommendedCurve::P_521, 521));
        assert_eq!(curve(None, Some(521)).unwrap(), (RecommendedCurve::P_521, 521));
        assert!(
            curve(None, Some(100)).is_err()
                && curve(Some("p999"), None).is_err()
                && curve(Some("k-163"), None).is_err()
        );
        let ec = key_attributes(&args("ec")).unwrap();
        assert_eq!(ec[0], Attribute::CryptographicAlgorithm(Algorithm::ECDSA));
        assert!(key_attributes(&CreateArgs { curve: Some("p256".into()), ..args("rsa") }).is_err());
    }
}
