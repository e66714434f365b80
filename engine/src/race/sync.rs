//! What the way in is built on: atomics, locks, and the bell that wakes whoever drains the line.
//!
//! They are the machine's. In the explored models (`models/`) they are those of an explorer: loom
//! runs every interleaving of a few threads under the memory model of the language, shuttle runs
//! many schedules of many threads as if memory were sequentially consistent.

pub(super) use std::sync::atomic::Ordering;

#[cfg(all(test, any(loom, shuttle)))]
pub(super) use explored::*;
#[cfg(not(all(test, any(loom, shuttle))))]
pub(super) use machine::*;

#[cfg(not(all(test, any(loom, shuttle))))]
mod machine {
    use std::sync::OnceLock;
    pub(in crate::race) use std::sync::atomic::{
        AtomicBool, AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };
    pub(in crate::race) use std::sync::{Condvar, Mutex, MutexGuard};
    use std::thread::{self, Thread};
    use std::time::Duration;

    /// Wakes one thread. A ring while it is awake is kept, and makes its next wait return at once.
    #[derive(Debug, Default)]
    pub(in crate::race) struct Bell {
        sleeper: OnceLock<Thread>,
    }

    impl Bell {
        /// Says whom the bell wakes. Whoever rings before is not heard.
        pub(in crate::race) fn belongs_to(&self, sleeper: Thread) {
            self.sleeper.get_or_init(|| sleeper);
        }

        pub(in crate::race) fn ring(&self) {
            if let Some(sleeper) = self.sleeper.get() {
                sleeper.unpark();
            }
        }

        /// Sleeps until the bell rings, `at_most` has passed, or for no reason.
        pub(in crate::race) fn wait(&self, at_most: Duration) {
            thread::park_timeout(at_most);
        }
    }
}

#[cfg(all(test, any(loom, shuttle)))]
#[cfg_attr(
    shuttle,
    expect(clippy::unwrap_used, reason = "a thread that panicked fails the model")
)]
mod explored {
    use std::ops::Deref;
    use std::thread::Thread;
    use std::time::Duration;

    #[cfg(loom)]
    pub(in crate::race) use loom as explorer;
    #[cfg(shuttle)]
    pub(in crate::race) use shuttle as explorer;

    use explorer::sync::atomic;
    pub(in crate::race) use explorer::sync::atomic::fence;
    pub(in crate::race) use explorer::sync::{Condvar, Mutex, MutexGuard};

    pub(in crate::race) type AtomicBool = Staged<atomic::AtomicBool>;
    pub(in crate::race) type AtomicI64 = Staged<atomic::AtomicI64>;
    pub(in crate::race) type AtomicPtr<T> = Staged<atomic::AtomicPtr<T>>;
    pub(in crate::race) type AtomicU8 = Staged<atomic::AtomicU8>;
    pub(in crate::race) type AtomicU32 = Staged<atomic::AtomicU32>;
    pub(in crate::race) type AtomicU64 = Staged<atomic::AtomicU64>;
    pub(in crate::race) type AtomicUsize = Staged<atomic::AtomicUsize>;

    /// An atomic whose every use is a point at which a model may have the thread stall.
    #[derive(Debug, Default)]
    pub(in crate::race) struct Staged<A>(A);

    impl<A> Deref for Staged<A> {
        type Target = A;

        fn deref(&self) -> &A {
            crate::race::models::stall::point();
            &self.0
        }
    }

    macro_rules! made_of {
        ($($atomic:ident: $value:ty),*) => {$(
            impl Staged<atomic::$atomic> {
                pub(in crate::race) fn new(value: $value) -> Self {
                    Staged(atomic::$atomic::new(value))
                }
            }
        )*};
    }
    made_of!(AtomicBool: bool, AtomicU8: u8, AtomicU64: u64, AtomicUsize: usize);

    impl<T> Staged<atomic::AtomicPtr<T>> {
        pub(in crate::race) fn new(value: *mut T) -> Self {
            Staged(atomic::AtomicPtr::new(value))
        }
    }

    /// The token of `park` and `unpark` as loom has it. A wait may end for no reason, once.
    #[cfg(loom)]
    #[derive(Debug, Default)]
    pub(in crate::race) struct Bell(loom::sync::Notify);

    #[cfg(loom)]
    impl Bell {
        /// In a model the bell wakes whoever waits for it.
        pub(in crate::race) fn belongs_to(&self, _: Thread) {}

        pub(in crate::race) fn ring(&self) {
            crate::race::models::stall::point();
            self.0.notify();
        }

        /// Waits for a ring. No time passes in a model.
        pub(in crate::race) fn wait(&self, _: Duration) {
            self.0.wait();
        }
    }

    /// The token of `park` and `unpark`, spelled out.
    #[cfg(shuttle)]
    #[derive(Debug, Default)]
    pub(in crate::race) struct Bell {
        has_rung: shuttle::sync::Mutex<bool>,
        rings: shuttle::sync::Condvar,
    }

    #[cfg(shuttle)]
    impl Bell {
        /// In a model the bell wakes whoever waits for it.
        pub(in crate::race) fn belongs_to(&self, _: Thread) {}

        pub(in crate::race) fn ring(&self) {
            crate::race::models::stall::point();
            *self.has_rung.lock().unwrap() = true;
            self.rings.notify_one();
        }

        /// Waits for a ring. No time passes in a model.
        pub(in crate::race) fn wait(&self, _: Duration) {
            let mut has_rung = self.has_rung.lock().unwrap();
            while !*has_rung {
                has_rung = self.rings.wait(has_rung).unwrap();
            }
            *has_rung = false;
        }

        /// Uses up a ring, as does any other call that parks the thread in between.
        pub(in crate::race) fn lose(&self) {
            *self.has_rung.lock().unwrap() = false;
        }
    }
}
