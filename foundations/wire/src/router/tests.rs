//! Requests without sockets.
