package io.moe4j.tests.contract;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** Wraps an object of an interface, so that a test can see its calls and replace some of their results. */
final class Intercepted {
    /** The answer of {@link Answer}: call the real one. */
    static final Object CALL = new Object();

    private Intercepted() {}

    /** Decides what happens with a call. */
    @FunctionalInterface
    interface Answer {
        /** Returns {@link #CALL} to call the real method, or the value to return instead. */
        @Nullable
        Object to(String method, Object[] arguments);
    }

    static <T> T of(Class<T> type, T target, Answer answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (proxy, method, arguments) -> {
                    Object given = answer.to(method.getName(), arguments == null ? new Object[0] : arguments);
                    if (given != CALL) {
                        return given;
                    }
                    try {
                        return method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
