// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Glibc

/// A value behind a lock. On Linux `Synchronization.Mutex` is a futex that the thread sanitizer does not know: it would
/// report every access as a race, and hide the real ones. Whatever its tests cover is guarded by this one.
///
/// `@unchecked Sendable`: the value is only reached with the lock held.
package struct Locked<Value: Sendable>: ~Copyable, @unchecked Sendable {
    // Every request passes several locks: what is done with one is compiled where it is used, for the types that it has there.
    @usableFromInline struct Storage {
        @usableFromInline var mutex = pthread_mutex_t()
        @usableFromInline var value: Value

        init(value: Value) { self.value = value }
    }

    /// A lock must not move.
    @usableFromInline let storage: UnsafeMutablePointer<Storage>

    package init(_ value: Value) {
        storage = .allocate(capacity: 1)
        storage.initialize(to: Storage(value: value))
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        storage.deinitialize(count: 1)
        storage.deallocate()
    }

    @inlinable package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&storage.pointee.value)
    }

    @inlinable var mutex: UnsafeMutablePointer<pthread_mutex_t> {
        // The first property has the address of the whole.
        UnsafeMutableRawPointer(storage).assumingMemoryBound(to: pthread_mutex_t.self)
    }
}
