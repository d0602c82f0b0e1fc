package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A launch whose arguments do not match the kernel's parameters is refused before the kernel could read past them. */
@Tag("gpu")
final class SignaturesGpuTest {
    private static final String PTX = """
            .version 7.0
            .target sm_80
            .address_size 64
            .visible .entry takes_two(.param .u64 rows, .param .u32 count) { ret; }
            """;

    @Test
    void argumentsAreComparedWithTheBinary() {
        try (Gpu gpu = Gpu.open(); KernelModule module = gpu.device.load(KernelSource.cpu("signatures", Map.of())
                .with(DeviceKind.CUDA, () -> (PTX + "\0").getBytes(StandardCharsets.US_ASCII)))) {
            Kernel kernel = module.kernel("takes_two");
            gpu.stream.launch(Launch.of(kernel, KernelArg.absent(), KernelArg.of(3)));
            gpu.stream.synchronize();
            String message = assertThrows(DeviceException.class,
                    () -> gpu.stream.launch(Launch.of(kernel, KernelArg.absent(), KernelArg.of(3L)))).getMessage();
            assertTrue(message.contains("takes_two") && message.contains("[8, 4]") && message.contains("[8, 8]"),
                    message);
            assertThrows(DeviceException.class,
                    () -> gpu.stream.launch(Launch.of(kernel, KernelArg.absent())));
        }
    }
}
