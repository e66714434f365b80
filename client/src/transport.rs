//! How QUIC is set: on purpose, since quinn's defaults have room for far more than one session
//! of an officer needs, and there may be ten thousand in one process.

use quinn::{IdleTimeout, TransportConfig, VarInt};

use crate::limits::{
    BIDI_STREAMS_MAX, IDLE_MAX_MS, KEEP_ALIVE, RECEIVE_WINDOW_BYTES, SEND_WINDOW_BYTES,
    STREAM_RECEIVE_WINDOW_BYTES, UNI_STREAMS_MAX,
};

pub(crate) fn transport_config() -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS_MAX))
        .max_concurrent_bidi_streams(VarInt::from_u32(BIDI_STREAMS_MAX))
        .stream_receive_window(VarInt::from_u32(STREAM_RECEIVE_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(RECEIVE_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MAX_MS))))
        // Messages are smaller than the smallest packet: probing for larger ones gains nothing.
        .mtu_discovery_config(None)
        .datagram_receive_buffer_size(None);
    config
}
