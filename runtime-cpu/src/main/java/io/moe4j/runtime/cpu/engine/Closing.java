package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Closes several resources, all of them even if some fail. */
@Stability(Stability.Level.INTERNAL)
public final class Closing {
    private Closing() {}

    /** Closes all in list order, then throws the first failure, with the others added as suppressed. */
    public static void all(List<? extends AutoCloseable> resources) {
        @Nullable RuntimeException failure = null;
        for (AutoCloseable resource : resources) {
            try {
                resource.close();
            } catch (Exception e) {
                RuntimeException unchecked = e instanceof RuntimeException own
                        ? own
                        : new DeviceException("closing " + resource + " failed: " + e.getMessage(), e);
                if (failure == null) {
                    failure = unchecked;
                } else {
                    failure.addSuppressed(unchecked);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
