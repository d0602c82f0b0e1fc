package io.moe4j.app.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Handles signals by {@code sun.misc.Signal} of the module {@code jdk.unsupported}, the only class of the JDK that can handle a signal more than once. It
 * is called by reflection, because the compiler's warning about it cannot be turned off. A shutdown hook is no replacement: it runs once, and a second
 * signal waits for it.
 */
final class JvmSignals {

    private JvmSignals() {}

    /**
     * Handles a signal: each time it comes, a new thread runs {@code handler}. A signal that was ignored when the process started stays ignored.
     *
     * @param name without {@code SIG}
     * @return an action that restores the earlier handler
     * @throws IllegalArgumentException if the JVM does not let this signal be handled, as with {@code -Xrs}
     */
    @SuppressWarnings("ReferenceEquality") // a proxy of the handler is equal only to itself
    static Runnable handle(String name, Runnable handler) {
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Method handle = signalType.getMethod("handle", signalType, handlerType);
            Object signal = signalType.getConstructor(String.class).newInstance(name);
            Object ours = Proxy.newProxyInstance(handlerType.getClassLoader(), new Class<?>[] {handlerType},
                    (proxy, method, arguments) -> switch (method.getName()) {
                        case "handle" -> {
                            handler.run();
                            yield null;
                        }
                        case "equals" -> proxy == arguments[0];
                        case "hashCode" -> System.identityHashCode(proxy);
                        default -> "a handler of SIG" + name;
                    });
            Object before = handle.invoke(null, signal, ours);
            return () -> restore(handle, signal, before);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                throw refused;
            }
            throw new IllegalStateException("SIG" + name + " cannot be handled", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("SIG" + name + " cannot be handled: this JDK has no sun.misc.Signal", e);
        }
    }

    /**
     * Sends this process a signal.
     *
     * @param name without {@code SIG}
     */
    static void raise(String name) {
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            signalType.getMethod("raise", signalType).invoke(null,
                    signalType.getConstructor(String.class).newInstance(name));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("SIG" + name + " cannot be sent", e);
        }
    }

    private static void restore(Method handle, Object signal, Object before) {
        try {
            handle.invoke(null, signal, before);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(signal + " cannot be given back", e);
        }
    }
}
