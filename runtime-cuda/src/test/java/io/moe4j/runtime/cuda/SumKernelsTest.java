package io.moe4j.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

class SumKernelsTest {

    @Test
    void floatingPointSumsNameBothTypesAndWholeNumbersOne() {
        assertEquals("reduce_bf16_f32", SumKernels.ofTable(DType.BF16, DType.F32));
        assertEquals("reduce_f32_bf16", SumKernels.ofTable(DType.F32, DType.BF16));
        assertEquals("reduce_i32", SumKernels.ofTable(DType.I32, DType.I32));
        assertEquals("reduce_i64", SumKernels.ofTable(DType.I64, DType.I64));
        assertEquals("reduce_received_bf16_f32", SumKernels.ofReceived(DType.BF16, DType.F32));
    }

    @Test
    void numbersWithScalesAreRefused() {
        for (DType sum : List.of(DType.F32, DType.F8_E4M3)) {
            String message = assertThrows(DeviceException.class, () -> SumKernels.ofTable(DType.F8_E4M3, sum))
                    .getMessage();
            assertTrue(message.contains("F8_E4M3") && message.contains("dequantize"), message);
        }
    }
}
