package io.moe4j.runtime.cpu;

import org.jspecify.annotations.Nullable;

/** Decides what a call returns, from the real object, the method and its arguments. */
@FunctionalInterface
interface Wrong<T> {
    @Nullable
    Object answer(T real, String method, Object[] arguments);
}
