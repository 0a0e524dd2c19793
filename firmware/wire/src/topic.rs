//! Where messages travel: `polewatch/{site}/{box}/{leaf}`.
