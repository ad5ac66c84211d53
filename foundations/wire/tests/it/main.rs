//! The listener and router over real sockets.

#[cfg(test)]
mod doors;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod json;
#[cfg(test)]
mod listening;
#[cfg(test)]
mod server;
#[cfg(test)]
mod slow;
