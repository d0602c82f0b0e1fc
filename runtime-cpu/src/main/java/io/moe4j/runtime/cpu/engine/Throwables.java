package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.DeviceException;
import org.jspecify.annotations.Nullable;

/** Throws on one thread a failure that was caught on another. */
final class Throwables {
    private Throwables() {}

    /** Does nothing for {@code null}. */
    static void rethrow(@Nullable Throwable caught) {
        switch (caught) {
            case null -> {
            }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new DeviceException(String.valueOf(caught.getMessage()), caught);
        }
    }
}
