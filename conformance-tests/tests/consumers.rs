//! Conversations of real products: each is answered as its product needs it, and one that needs a quirk is refused without it,
//! with a message that names the quirk.

use conformance_tests::consumers::{Conversation, load_all};
use conformance_tests::server_process::{Options, Server};

/// How many products have a conversation.
const PRODUCTS: usize = 14;

#[test]
fn every_product_is_answered_as_it_needs() {
    let conversations = load_all().expect("the conversations can be read");
    let place = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&Options { https: true, ..Options::new(place.path()) }).expect("the server starts");
    let mut failed = Vec::new();
    for conversation in &conversations {
        match judge(conversation, &server) {
            Ok(()) => println!("PASS {} ({})", conversation.name, conversation.product),
            Err(problem) => failed.push(format!("FAIL {}: {problem}", conversation.name)),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut products: Vec<&str> = conversations.iter().map(|conversation| conversation.product.as_str()).collect();
    products.sort_unstable();
    products.dedup();
    assert!(products.len() >= PRODUCTS, "only {} products: {products:?}", products.len());
    server.stop().expect("the server stops when asked");
}

fn judge(conversation: &Conversation, server: &Server) -> Result<(), String> {
    let name = &conversation.name;
    let enroll = |name: &str| server.enroll(name).map_err(|error| error.to_string());
    if let Some((user, password)) = &conversation.user {
        server.add_user(user, password).map_err(|error| error.to_string())?;
    }
    let identity = enroll(name)?;
    if !conversation.quirks.is_empty() {
        server.set_quirks(name, &conversation.quirks).map_err(|error| error.to_string())?;
    }
    conversation.play(server, &identity)?;
    for quirk in &conversation.quirks {
        // A client that has all of them but this one.
        let bare = format!("{name}-without-{quirk}");
        let identity = enroll(&bare)?;
        let others: Vec<String> = conversation.quirks.iter().filter(|other| *other != quirk).cloned().collect();
        server.set_quirks(&bare, &others).map_err(|error| error.to_string())?;
        match conversation.play(server, &identity) {
            Err(refusal) if refusal.contains(&format!("quirk {quirk}")) => {}
            Err(other) => return Err(format!("without {quirk} the refusal does not name it: {other}")),
            Ok(()) => return Err(format!("it does not need the quirk {quirk}")),
        }
    }
    Ok(())
}
