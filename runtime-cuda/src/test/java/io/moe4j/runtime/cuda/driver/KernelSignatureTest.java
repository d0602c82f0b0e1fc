package io.moe4j.runtime.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests the comparison only. That the driver reports the sizes is tested on a GPU. */
final class KernelSignatureTest {
    /** A pointer, a 64-bit integer, a 32-bit integer, an fp32 number. */
    private final KernelSignature signature = new KernelSignature(List.of(8L, 8L, 4L, 4L));

    @Test
    void argumentsThatFitPass() {
        assertDoesNotThrow(() -> signature.check("scale",
                List.of(KernelArg.absent(), KernelArg.of(1L), KernelArg.of(1), KernelArg.of(1f))));
    }

    @Test
    void anArgumentOfAnotherSizeIsRefused() {
        String message = assertThrows(DeviceException.class, () -> signature.check("scale",
                List.of(KernelArg.absent(), KernelArg.of(1), KernelArg.of(1), KernelArg.of(1f)))).getMessage();
        assertTrue(message.contains("scale") && message.contains("[8, 8, 4, 4]") && message.contains("[8, 4, 4, 4]"),
                message);
    }

    @Test
    void oneArgumentMoreOrLessIsRefused() {
        assertThrows(DeviceException.class, () -> signature.check("scale",
                List.of(KernelArg.absent(), KernelArg.of(1L), KernelArg.of(1))));
        assertThrows(DeviceException.class, () -> signature.check("scale", List.of(KernelArg.absent(), KernelArg.of(1L),
                KernelArg.of(1), KernelArg.of(1f), KernelArg.of(1f))));
    }
}
