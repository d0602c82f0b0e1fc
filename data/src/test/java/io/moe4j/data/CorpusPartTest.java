package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusPartTest {

    @TempDir
    private Path folder;

    @Test
    void partsAreKnownByTheirContent() throws Exception {
        Path one = Files.createDirectories(folder.resolve("one"));
        Path two = Files.createDirectories(folder.resolve("two"));
        for (Path each : List.of(one, two)) {
            Files.writeString(each.resolve("a.txt"), "abc");
            Files.writeString(each.resolve("b.txt"), "the second");
        }
        List<CorpusPart> parts = parts(one);
        assertEquals("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", parts.getFirst().digest());
        assertEquals(List.of(3L, 10L), parts.stream().map(CorpusPart::bytes).toList());
        assertEquals(digests(one), digests(two));
        Files.writeString(two.resolve("b.txt"), "the Second");
        assertNotEquals(digests(one), digests(two));
        assertEquals(digests(one).getFirst(), digests(two).getFirst());
    }

    /** Sparse files of 300 MB: their beginning, middle and end are looked at, and their size. */
    @Test
    void ofLargeOnesPiecesAreRead() throws Exception {
        long size = 300L << 20;
        Path one = large("one", size);
        String digest = digests(one).getFirst();
        assertEquals(digest, digests(large("same", size)).getFirst());
        assertNotEquals(size, parts(large("longer", size + 1)).getFirst().bytes());
        for (long at : new long[] {0, size / 2, size - 1}) {
            Path other = large("other " + at, size);
            // 1024 pieces of a file of 300 MiB begin 300 KiB apart: 400 KiB in a row are not overlooked.
            write(other, at, at == size / 2 ? 400 << 10 : 1);
            assertNotEquals(digest, digests(other).getFirst(), "changed at " + at);
        }
    }

    @Test
    void thePackagedSourcesAreOnePart() {
        assertEquals(1, CorpusPart.of(Corpus.open(Optional.empty())).size());
    }

    private Path large(String name, long size) throws Exception {
        Path file = folder.resolve(name);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(size);
        }
        return file;
    }

    private static void write(Path file, long at, int count) throws Exception {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(at);
            byte[] bytes = new byte[count];
            Arrays.fill(bytes, (byte) 'x');
            out.write(bytes);
        }
    }

    private static List<CorpusPart> parts(Path path) {
        return CorpusPart.of(Corpus.open(Optional.of(path)));
    }

    private static List<String> digests(Path path) {
        return parts(path).stream().map(CorpusPart::digest).toList();
    }
}
