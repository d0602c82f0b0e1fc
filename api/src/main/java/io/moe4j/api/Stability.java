package io.moe4j.api;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * How far a caller may rely on an exported type. Every exported type has this annotation.
 *
 * <p>A promise holds within a major version. For the types of an SPI, those of {@code io.moe4j.api} and {@code io.moe4j.autograd}, that is the major
 * version of the SPI: a host of version 1.3 runs a jar that was compiled against 1.0, whichever of these types the jar uses. For all other types it is the
 * major version of the release, and before 1.0 the minor version: 0.3 may break a promise of 0.2. Decision 26 has the reasons.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Stability {

    /** The promise for the annotated type. */
    Level value();

    /** The promises, from firm to none. */
    enum Level {
        /** Within a major version, sources that use it compile, and class files that use it link and run. */
        STABLE,
        /**
         * Within a major version, class files that use it link and run: no member is removed, no signature or return type changes, and no abstract
         * method is added. Sources may have to be adapted before they compile again; the release notes say how.
         */
        EVOLVING,
        /** For use between moe4j's own modules; may change with any release. No plug-in and no library consumer needs it. */
        INTERNAL
    }
}
