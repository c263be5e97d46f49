//! The provider's lies, over a socket.
