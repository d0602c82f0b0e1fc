package io.moe4j.tests.contract;

import io.moe4j.api.device.DeviceException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

/**
 * Makes the n-th call of some methods fail, counted over all objects that it wraps. With it, a test lets the opening of an object with several parts fail at
 * each part in turn.
 */
final class FailingCalls {
    private final Set<String> methods;
    private final int failing;
    private int calls;

    /** Lets the call with number {@code failing}, from 0, fail. */
    FailingCalls(int failing, Set<String> methods) {
        this.failing = failing;
        this.methods = methods;
    }

    /** How many calls there were. */
    int calls() {
        return calls;
    }

    /** The error that the call throws. */
    static final class Injected extends DeviceException {
        private static final long serialVersionUID = 1;

        Injected(int call) {
            super("injected: call " + call + " fails");
        }
    }

    <T> T wrap(Class<T> type, T target) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (methods.contains(method.getName()) && calls++ == failing) {
                        throw new Injected(failing);
                    }
                    try {
                        return method.invoke(target, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
