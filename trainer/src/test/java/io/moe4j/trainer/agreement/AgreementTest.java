package io.moe4j.trainer.agreement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgreementTest {

    @TempDir
    private Path folder;

    @Test
    void ranksWithOneValueStandTogether() {
        Facts common = facts("seed", "42", "lr", "0.1");
        Facts other = facts("seed", "7", "lr", "0.1", "more", "1");
        assertEquals(List.of("  seed: 42 (ranks 0 to 2 and 5), 7 (ranks 3 and 4)",
                "  more: (absent) (ranks 0 to 2 and 5), 1 (ranks 3 and 4)"),
                Agreement.differences(List.of(common, common, common, other, other, common)));
        assertEquals(List.of(), Agreement.differences(List.of(common, common)));
        assertEquals(List.of("  lr: 0.1 (rank 0), 0.2 (rank 1)"),
                Agreement.differences(List.of(facts("lr", "0.1"), facts("lr", "0.2"))));
    }

    @Test
    void factsOfAnotherProcessAreHarmless() {
        Facts facts = facts("a", "x\u001b[2Jy");
        assertEquals("x\\u001b[2Jy", Facts.decode(facts.encode()).values().get("a"));
        Random random = new Random(1);
        byte[] good = facts("training.seed", "42", "optimizer.lr", "0.002").encode();
        assertEquals(facts("training.seed", "42", "optimizer.lr", "0.002"), Facts.decode(good));
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = Arrays.copyOf(good, random.nextInt(good.length + 8));
            for (int change = 0; change < 3 && bad.length > 0; change++) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                Facts.decode(bad);
            } catch (IllegalStateException e) {
                // Refused, which is one of the two ways to end.
            }
        }
        assertThrows(IllegalStateException.class, () -> Facts.decode(new byte[] {127, -1, -1, -1}));
    }

    /** The time of an entry, the order of entries and what the build tool writes do not count; a byte of a class does. */
    @Test
    void buildsAreToldApartByWhatIsInThem() throws Exception {
        String digest = digest(jar("a.jar", 1, "A", "one", "B", "two", "META-INF/MANIFEST.MF", "made here"));
        assertEquals(digest, digest(jar("b.jar", 2, "META-INF/MANIFEST.MF", "made there", "B", "two", "A", "one")));
        assertNotEquals(digest, digest(jar("c.jar", 1, "A", "one", "B", "twO")));
        assertNotEquals(digest, digest(jar("d.jar", 1, "A", "one", "C", "two")));
        Path classes = Files.createDirectories(folder.resolve("classes"));
        Files.writeString(classes.resolve("A"), "one");
        Files.writeString(classes.resolve("B"), "two");
        assertEquals(digest, digest(classes), "a folder of classes is the same build as their jar");
    }

    private static String digest(Path build) {
        return BuildDigest.of(build.toUri());
    }

    private Path jar(String name, long day, String... entries) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(file); JarOutputStream jar = new JarOutputStream(out)) {
            for (int i = 0; i < entries.length; i += 2) {
                ZipEntry entry = new ZipEntry(entries[i]);
                entry.setTime(day * 86_400_000L * 365 * 30);
                jar.putNextEntry(entry);
                jar.write(entries[i + 1].getBytes(StandardCharsets.UTF_8));
                jar.closeEntry();
            }
        }
        return file;
    }

    private static Facts facts(String... namesAndValues) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return new Facts(values);
    }
}
