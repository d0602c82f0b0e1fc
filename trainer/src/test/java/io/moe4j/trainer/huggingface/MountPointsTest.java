package io.moe4j.trainer.huggingface;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountPointsTest {

    @TempDir
    private Path folder;

    /** The second line is a bind mount: a folder of the file system that is mounted on / as well. */
    @Test
    void placesAreDecoded() throws IOException {
        Path mounted = Files.createDirectories(folder.toRealPath().resolve("a b\\c/mod\u00e8les"));
        Path other = Files.createDirectory(folder.resolve("other"));
        String written = mounted.toString().replace("\\", "\\134").replace(" ", "\\040");
        String lines = "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                + "90 26 8:1 /data/models " + written + " rw,relatime shared:1 - ext4 /dev/sda1 rw\nbroken line\n";
        MountPoints points = MountPoints
                .parse(new String(lines.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
        assertEquals(Set.of("/", mounted.toString()), points.paths());
        assertTrue(points.has(mounted));
        assertTrue(points.has(Files.createSymbolicLink(folder.resolve("link"), mounted)));
        assertFalse(points.has(other));
        assertFalse(points.has(mounted.getParent()));
    }

    @Test
    void theOnesOfThisMachineAreKnown() throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/mountinfo")), "skipped: only Linux tells what is mounted");
        assertTrue(MountPoints.now().has(Path.of("/proc")));
        assertFalse(MountPoints.now().has(folder));
    }
}
