package io.moe4j.planted.threads;

/** Binds a value to a thread. */
final class Bound {
    private final ThreadLocal<String> name = ThreadLocal.withInitial(() -> "");

    String name() {
        return name.get();
    }
}
