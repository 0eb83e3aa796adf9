//! Query (KMIP 1.4 §4.25, KMIP 2.1 §6.1.40): the truth about this server, and nothing that does not work.

use kmip_codec::attribute::values::ProtectionStorageMasks;
use kmip_codec::inline::Text;
use kmip_codec::operation::query::{
    CapabilityInformation, CredentialInformation, QueryRequest, QueryResponse, ServerInformation,
};
use kmip_codec::operation::set_defaults::DefaultsInformation;
use kmip_codec::registry::{
    ClientRegistrationMethod, CredentialType, DestroyAction, Operation, QueryFunction, RNGMode, ShreddingAlgorithm,
    UnwrapMode,
};
use kmip_codec::version::{V2_0, Version};

use crate::attributes;
use crate::authenticate::CREDENTIAL_TYPES;
use crate::batch::Context;
use crate::engine::Engine;
use crate::error::{Fault, OpResult, fail};

pub(super) fn query(context: &mut Context<'_>, request: QueryRequest) -> OpResult<QueryResponse> {
    if request.query_function.is_empty() {
        return fail(Fault::InvalidMessage, "Query needs at least one Query Function");
    }
    let asks = |function| request.query_function.contains(&function);
    let version = context.version;
    let mut answer = empty();
    if asks(QueryFunction::QueryOperations) {
        answer.operation = super::named(context.engine, version);
    }
    if asks(QueryFunction::QueryObjects) {
        answer.object_type = super::object_types(version);
    }
    if asks(QueryFunction::QueryServerInformation) {
        answer.vendor_identification = Some(Text::new(&context.engine.config.vendor));
        answer.server_information = Some(Box::new(server_information(version)));
    }
    if asks(QueryFunction::QueryRNGs) {
        answer.rng_parameters = vec![crate::make::generator()];
    }
    if asks(QueryFunction::QueryProfiles) {
        answer.profile_information = crate::profiles::information(context.engine, version);
    }
    if asks(QueryFunction::QueryCapabilities) {
        answer.capability_information = vec![capabilities(context.engine, version)];
    }
    if asks(QueryFunction::QueryClientRegistrationMethods) {
        answer.client_registration_method = registration_methods(context.engine.config.registers_clients);
    }
    if asks(QueryFunction::QueryDefaultsInformation) {
        let object_defaults = crate::policy::current(context)?.defaults_for(request.object_groups.as_ref());
        answer.defaults_information = Some(DefaultsInformation { object_defaults });
    }
    if asks(QueryFunction::QueryStorageProtectionMasks) {
        let protection_storage_mask = crate::custody::offered(context.engine.vault.as_ref());
        answer.protection_storage_masks = Some(ProtectionStorageMasks { protection_storage_mask });
    }
    if asks(QueryFunction::QueryCredentialInformation) {
        let live = |kind: &&CredentialType| attributes::is_live(**kind, version);
        let credential_type = CREDENTIAL_TYPES.iter().filter(live).copied().collect();
        answer.credential_information = Some(CredentialInformation { credential_type });
    }
    Ok(answer)
}

/// The ways in which an administrator registers clients (KMIP 2.1 §11.10). The first is an answer in PEM instead of PKCS #12.
fn registration_methods(issues: bool) -> Vec<ClientRegistrationMethod> {
    use ClientRegistrationMethod as M;
    let issuing = [M::Unspecified, M::ServerPreGenerated, M::ServerOnDemand, M::ClientGenerated];
    issuing.into_iter().filter(|_| issues).chain([M::ClientRegistered]).collect()
}

fn empty() -> QueryResponse {
    QueryResponse {
        operation: Vec::new(),
        object_type: Vec::new(),
        vendor_identification: None,
        server_information: None,
        application_namespace: Vec::new(),
        extension_information: Vec::new(),
        attestation_type: Vec::new(),
        rng_parameters: Vec::new(),
        profile_information: Vec::new(),
        validation_information: Vec::new(),
        capability_information: Vec::new(),
        client_registration_method: Vec::new(),
        defaults_information: None,
        protection_storage_masks: None,
        credential_information: None,
    }
}

/// Named fields exist from 2.0; before, the structure is the vendor's, and stays empty.
fn server_information(version: Version) -> ServerInformation {
    let known = |text: &str| (version >= V2_0).then(|| Text::new(text));
    ServerInformation {
        server_name: known("kmip-server"),
        server_serial_number: None,
        server_version: known(env!("CARGO_PKG_VERSION")),
        server_load: None,
        product_name: known("kmip-server"),
        build_level: None,
        build_date: None,
        cluster_info: None,
        alternate_failover_endpoints: Vec::new(),
        vendor_specific: Vec::new(),
    }
}

fn capabilities(engine: &Engine, version: Version) -> CapabilityInformation {
    CapabilityInformation {
        // Every operation that encrypts takes its data by parts, too.
        streaming_capability: Some(engine.abilities.permit(Operation::Encrypt)),
        asynchronous_capability: Some(true),
        attestation_capability: Some(false),
        batch_undo_capability: Some(true),
        batch_continue_capability: Some(true),
        unwrap_mode: Some(UnwrapMode::NotProcessed),
        destroy_action: Some(DestroyAction::KeyMaterialDeleted),
        shredding_algorithm: Some(ShreddingAlgorithm::Unspecified),
        rng_mode: Some(RNGMode::SharedInstantiation),
        quantum_safe_capability: (version >= V2_0).then_some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// KMIP 2.1 §11.10: without the key of an authority nothing can be issued.
    #[test]
    fn ways_to_register_are_named_where_they_work() {
        use ClientRegistrationMethod as M;
        assert_eq!(registration_methods(false), [M::ClientRegistered]);
        let named = [M::ServerPreGenerated, M::ServerOnDemand, M::ClientGenerated, M::ClientRegistered];
        assert!(named.iter().all(|way| registration_methods(true).contains(way)));
    }
}
