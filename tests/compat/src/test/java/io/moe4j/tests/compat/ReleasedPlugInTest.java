package io.moe4j.tests.compat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.comm.CommBackendProvider;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example of the documentation as a jar that was compiled against the api of 0.1.0 and not since. A test that compiles the example again
 * cannot find that a
 * method has another return type now: the compiler writes the new one into the class file.
 */
final class ReleasedPlugInTest {

    @TempDir
    Path work;

    @Test
    void theJarOfThenTrainsAsStandardDoes() throws IOException {
        Path jar = jar(work);
        assertEquals("1.1",
                Plugins.load(List.of(jar)).get(CommBackendProvider.class, "gather_all").spiVersion());
        TwoSteps standard = TwoSteps.run(work.resolve("standard"), "standard");
        assertEquals(0, standard.exit(), standard.err());
        assertEquals(2, standard.losses().size());
        TwoSteps released = TwoSteps.run(work.resolve("released"), "gather_all", "--plugin-path", jar.toString(),
                "--graph_capture.enable", "true");
        assertEquals(0, released.exit(), released.err());
        assertEquals(standard.losses(), released.losses());
    }

    private static Path jar(Path folder) throws IOException {
        Path jar = folder.resolve("gather_all.jar");
        try (InputStream in = Objects
                .requireNonNull(ReleasedPlugInTest.class.getResourceAsStream("0.1.0/gather_all.jar"))) {
            Files.copy(in, jar);
        }
        return jar;
    }
}
