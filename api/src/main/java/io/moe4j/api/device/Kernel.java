package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * A loaded kernel, for {@link Launch}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface Kernel {

    /** Its name. */
    String name();
}
