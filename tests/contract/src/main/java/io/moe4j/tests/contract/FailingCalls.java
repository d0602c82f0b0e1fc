package io.moe4j.tests.contract;

import io.moe4j.api.device.DeviceException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Set;

/**
 * Makes the n-th call of some methods fail, over all the objects that it wraps: what opens in several parts is then seen to fail at each of them.
 */
final class FailingCalls {
    private final Set<String> methods;
    private final int failing;
    private int calls;

    /** The call with number {@code failing}, from 0, fails. */
    FailingCalls(int failing, Set<String> methods) {
        this.failing = failing;
        this.methods = methods;
    }

    /** How many of the calls there were. */
    int calls() {
        return calls;
    }

    /** The error. */
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
