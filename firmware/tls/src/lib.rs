//! The secured way to the broker: whom we believe there, who we are to it, and why either was refused.
//!
//! Promises: TLS 1.3 and nothing older; only the private authority whose file was given is believed,
//! never the system's; files are followed as they change, and one that cannot be used takes nothing
//! away; whatever goes wrong is one sentence that says which; no key leaves its file but into
//! `rustls`, whose secrets print nothing. Refuses: keys anybody may read, and sessions that skip
//! the certificates. The MQTT client it is for is rumqttc's.

pub mod broker;
pub mod certificate;
mod der;
pub mod failure;
pub mod files;
pub mod keyring;
pub mod moment;
