package io.moe4j.runtime.cpu.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Each cause has its own remedy. The exceptions have messages that a JVM has really given. */
class OpenBlasErrorsTest {

    @Test
    void theVectorModuleIsMissing() {
        String message = OpenBlas
                .cannotBeLoaded(new NoClassDefFoundError("jdk/incubator/vector/FloatVector")).getMessage();
        assertTrue(message.contains("start it with --add-modules jdk.incubator.vector"), message);
        assertFalse(message.contains("native libraries"), message);
    }

    @Test
    void theNativesAreMissing() {
        String message = OpenBlas
                .cannotBeLoaded(new UnsatisfiedLinkError("no jniopenblas_nolapack in java.library.path: /usr/lib"))
                .getMessage();
        assertTrue(message.contains("that have the classifier of this platform ("
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")"), message);
        assertTrue(message.contains("--add-modules ALL-MODULE-PATH"), message);
    }

    @Test
    void theClassesAreMissing() {
        String message = OpenBlas
                .cannotBeLoaded(new NoClassDefFoundError("org/bytedeco/openblas/global/openblas")).getMessage();
        assertTrue(message.contains("put the jars org.bytedeco:openblas and org.bytedeco:javacpp"), message);
        assertFalse(message.contains("classifier"), message);
    }
}
