package io.moe4j.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.InputException;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {

    @TempDir
    private Path folder;

    @Test
    void whatWasWrittenIsRead() {
        Path path = folder.resolve("new/folder/x.safetensors");
        float[] values = {1, -2.5f, Float.NaN, 4, 5, 6};
        List<Declaration> declared = List.of(new Declaration("b", DType.I64, List.of(2L)),
                new Declaration("a", DType.F32, List.of(2L, 3L)), new Declaration("none", DType.BF16, List.of(0L, 7L)),
                new Declaration("scalar", DType.I32, List.of()));
        try (SafetensorsWriter writer = SafetensorsWriter.create(path, declared, Map.of("config", "{\"x\": \"é\"}"))) {
            writer.write("a", 2, MemorySegment.ofArray(values).asSlice(8));
            writer.write("scalar", 0, MemorySegment.ofArray(new int[] {-7}));
            writer.write("b", 0, MemorySegment.ofArray(new long[] {1L << 40, 2}));
            assertFalse(Files.exists(path), "not there before it is whole");
            writer.write("a", 0, MemorySegment.ofArray(values).asSlice(0, 8));
            writer.commit();
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertEquals(Map.of("config", "{\"x\": \"é\"}"), file.metadata());
            assertEquals(List.of("b", "a", "none", "scalar"), List.copyOf(file.tensors().keySet()));
            assertArrayEquals(values, file.data("a").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
            assertArrayEquals(new long[] {1L << 40, 2}, file.data("b").toArray(ValueLayout.JAVA_LONG_UNALIGNED));
            assertEquals(0, file.data("none").byteSize());
            assertEquals(-7, file.data("scalar").get(ValueLayout.JAVA_INT_UNALIGNED, 0));
            InputException e = assertThrows(InputException.class, () -> file.data("c"));
            assertTrue(e.getMessage().contains("has no tensor \"c\""), e.getMessage());
            file.close();
        }
    }

    @Test
    void anUnfinishedFileLeavesNothing() throws IOException {
        Path path = folder.resolve("x.safetensors");
        Files.writeString(path, "as before");
        try (SafetensorsWriter writer = SafetensorsWriter.create(path,
                List.of(new Declaration("a", DType.F32, List.of(2L))), Map.of())) {
            writer.write("a", 0, MemorySegment.ofArray(new float[1]));
            assertThrows(IllegalStateException.class, writer::commit);
            assertThrows(IllegalArgumentException.class,
                    () -> writer.write("a", 1, MemorySegment.ofArray(new float[2])));
        }
        assertEquals("as before", Files.readString(path));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}} | 4 | ends at byte 8 of the data, which has 4; the file is cut off",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}} | 9 | the last 1 bytes belong to no tensor",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [4, 12]}} | 12 | "
                    + "bytes 0 to 4 between the header and \"a F32[2]\" belong to no tensor",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}, "
                    + "\"b\": {\"dtype\": \"I32\", \"shape\": [1], \"data_offsets\": [4, 8]}} | 8 | begins at byte 4, inside of \"a F32[2]\"",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": [0, 8]}} | 8 | which are 8; its type and shape need 12",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296], \"data_offsets\": [0, 8]}} | 8 | need more than 2^63",
            "{\"a\": {\"dtype\": \"F4\", \"shape\": [4], \"data_offsets\": [0, 8]}} | 8 | elements of F4; known are [F64, F32, F16, BF16,",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [-2], \"data_offsets\": [0, 8]}} | 8 | whole numbers of at least 0",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [8, 0]}} | 8 | its type and shape need 8",
            "{\"a\": {\"dtype\": \"F32\", \"shape\": [2]}} | 8 | two data_offsets",
            "{\"a\": 3} | 0 | it needs a dtype",
            "{\"__metadata__\": {\"x\": 1}} | 0 | __metadata__.x is not a string",
            "{\"a\": {}, \"a\": {}} | 0 | not valid JSON",
            "[1] | 0 | not a JSON object",
            "{\"a\": | 0 | not valid JSON"})
    void aDamagedHeaderIsRefused(String header, int dataBytes, String expected) throws IOException {
        Path path = folder.resolve("x.safetensors");
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Files.write(path, ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length).put(json).array());
        InputException e = assertThrows(InputException.class, () -> SafetensorsFile.open(path));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
        assertTrue(e.getMessage().startsWith(path.toString()), e.getMessage());
    }

    @Test
    void aPointerOfGitLfsIsTold() throws IOException {
        Path path = Files.writeString(folder.resolve("x.safetensors"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 132077816\n");
        InputException e = assertThrows(InputException.class, () -> SafetensorsFile.open(path));
        assertEquals(path + " has " + Files.size(path)
                + " bytes and is only a pointer of Git LFS to the file, because the folder was cloned without"
                + " it; fetch the files with git lfs pull, or download them", e.getMessage());
    }

    @Test
    void whatIsNoSafetensorsFileIsRefused() throws IOException {
        Path path = folder.resolve("x.safetensors");
        assertRefused(path, "does not exist");
        assertRefused(folder, "is not a file");
        Files.write(path, new byte[0]);
        assertRefused(path, "it has 0 bytes, and 8 are needed");
        Files.writeString(path, "GGUF and some more");
        assertRefused(path, "announce a header of");
        Files.write(path, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
        assertRefused(path, "a header of 18446744073709551615 bytes");
        Files.write(path, new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        assertRefused(path, "a header of 9 bytes");
    }

    private static void assertRefused(Path path, String expected) {
        InputException e = assertThrows(InputException.class, () -> SafetensorsFile.open(path));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }
}
