package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentSamplesTest {
    @TempDir
    private Path folder;

    /** A file that is read whole: each of its bytes counts. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4096, 65_535, 65_536})
    void eachByteOfAShortFileCounts(int size) throws IOException {
        byte[] bytes = random(size);
        for (int at : new int[] {0, size / 2, size - 1}) {
            assertTrue(changes(bytes, at), "byte " + at + " of " + size);
        }
    }

    /** The class's example: of 1,000,000 bytes, blocks of 4,096 begin at 0, 66,393, 132,786 and so on, the last at 995,904. */
    @Test
    void ofALongFileSixteenBlocksCount() throws IOException {
        byte[] bytes = random(1_000_000);
        for (int at : new int[] {0, 4095, 66_393, 66_393 + 4095, 132_787, 995_904, 999_999}) {
            assertTrue(changes(bytes, at), "byte " + at);
        }
        for (int at : new int[] {4096, 66_392, 66_393 + 4096, 995_903}) {
            assertFalse(changes(bytes, at), "byte " + at);
        }
    }

    @Test
    void filesAreToldApartByTheirOrderAndAreReadAgainTheSame() throws IOException {
        CorpusFile a = file("a", random(100));
        CorpusFile b = file("b", new byte[70_000]);
        assertEquals(digest(a, b), digest(a, b));
        assertNotEquals(digest(a, b), digest(b, a));
        assertNotEquals(digest(a), digest(a, b));
    }

    /** A block behind 4 GiB is read there, too. */
    @Test
    void aFileMayBeLongerThan32BitsTell() throws IOException {
        Path file = folder.resolve("sparse");
        long size = (5L << 30) + 12_345;
        String before = sparse(file, size, (byte) 0);
        assertEquals(before, sparse(file, size, (byte) 0));
        assertNotEquals(before, sparse(file, size, (byte) 1));
    }

    private static String sparse(Path file, long size, byte last) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(file, StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            channel.position(size - 1).write(ByteBuffer.wrap(new byte[] {last}));
        }
        return digest(new CorpusFile("sparse", FileContent.of(file)));
    }

    private boolean changes(byte[] bytes, int at) throws IOException {
        byte[] other = Arrays.copyOf(bytes, bytes.length);
        other[at] ^= 1;
        return !digest(file("x", bytes)).equals(digest(file("x", other)));
    }

    private CorpusFile file(String name, byte[] bytes) throws IOException {
        return new CorpusFile(name, FileContent.of(Files.write(folder.resolve(name), bytes)));
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static String digest(CorpusFile... files) {
        return Sha256.hex(ContentSamples.of(List.of(files)));
    }
}
