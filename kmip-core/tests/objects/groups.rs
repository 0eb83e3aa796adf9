//! Objects of a group: Fresh and Default members (KMIP 2.1 §4.24, §4.35, §6.1.28).

use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::registry::{ObjectGroupMember as Member, RevocationReasonCode};
use kmip_codec::version::{V1_1, V1_4, V2_0, V2_1};

use crate::requests::*;
use crate::support::{Harness, success};

#[test]
fn fresh_members_are_those_that_nobody_got_and_the_default_is_the_newest_active_one() {
    for version in [V1_1, V1_4, V2_0, V2_1] {
        let harness = Harness::new();
        let group = |name: &str| Attribute::ObjectGroup(Text::new(name));
        let ids: Vec<String> = (0..4)
            .map(|_| {
                let id = harness.created(version, &[group("keys")]);
                harness.advance(1);
                id
            })
            .collect();
        harness.created(version, &[group("others")]);
        let found = |member, groups: &[Attribute]| {
            harness.found(version, LocateRequest { object_group_member: Some(member), ..locate_request(groups) })
        };
        let keys = [group("keys")];
        assert_eq!(found(Member::GroupMemberDefault, &keys), [ids[3].clone()], "none is active: the newest");
        success(harness.item(version, activate(text(&ids[1]))));
        success(harness.item(version, activate(text(&ids[2]))));
        assert_eq!(found(Member::GroupMemberDefault, &keys), [ids[2].clone()]);
        success(harness.item(version, revoke(text(&ids[2]), RevocationReasonCode::Superseded)));
        assert_eq!(found(Member::GroupMemberDefault, &keys), [ids[1].clone()]);
        assert_eq!(found(Member::GroupMemberDefault, &[group("none")]), Vec::<String>::new());
        assert_eq!(found(Member::GroupMemberDefault, &[]).len(), 5, "no group, no default");

        success(harness.item(version, get(text(&ids[3]))));
        assert_eq!(found(Member::GroupMemberFresh, &keys), [ids[2].clone(), ids[1].clone(), ids[0].clone()]);
    }
}
