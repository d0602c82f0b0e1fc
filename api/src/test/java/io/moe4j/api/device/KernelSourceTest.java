package io.moe4j.api.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class KernelSourceTest {

    @Test
    void aBinaryThatTheBuildMadeIsRead() {
        KernelSource source = KernelSource.cpu("test", Map.of()).withResource(DeviceKind.CUDA,
                () -> new ByteArrayInputStream(new byte[] {1, 2}));
        assertTrue(source.supports(DeviceKind.CUDA));
        assertFalse(source.supports(DeviceKind.CPU));
        assertArrayEquals(new byte[] {1, 2}, source.binaries().get(DeviceKind.CUDA).get());
    }

    @Test
    void aMissingBinaryIsNotClaimed() {
        KernelSource source = KernelSource.cpu("test", Map.of("nothing", launch -> {
        })).withResource(DeviceKind.CUDA, () -> KernelSourceTest.class.getResourceAsStream("missing.fatbin"));
        assertFalse(source.supports(DeviceKind.CUDA));
        assertTrue(source.supports(DeviceKind.CPU));
    }
}
