package io.moe4j.api;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How far a caller may rely on an exported type. Every exported type carries one. */
@Stability(Stability.Level.STABLE)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Stability {

    /** The promise that is made. */
    Level value();

    /** The promises, from firm to none. */
    enum Level {
        /** Changes incompatibly only with a new major version of its SPI. */
        STABLE,
        /** May change with a minor version; the release notes say how. */
        EVOLVING,
        /** For use between moe4j's own modules; may change at any time. */
        INTERNAL
    }
}
