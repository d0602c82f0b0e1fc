package io.moe4j.runtime.cpu;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The CPU names the id that is out of range; a GPU can only stop. {@link DeviceOpsContractTest} tests the results of operations. */
class IdsTest {
    private final Device device = new CpuDeviceProvider().open(DeviceConfig.defaults());
    private final Stream stream = device.openStream("ids");
    private final Memory memory = device.allocate(1024, "ids");
    private final Tensor rows = Tensor.of(memory, 0, DType.F32, 3, 2);

    @AfterEach
    void close() {
        device.close();
    }

    private Tensor ids(int... values) {
        Tensor ids = Tensor.of(memory, 512, DType.I32, values.length);
        stream.upload(MemorySegment.ofArray(values), ids);
        return ids;
    }

    @Test
    void aTokenOutsideTheVocabularyIsNamed() {
        Tensor table = Tensor.of(memory, 256, DType.F32, 4, 2);
        DeviceException e = assertThrows(DeviceException.class, () -> {
            device.ops().embedding().forward(stream, ids(0, 4, -1), table, rows);
            stream.synchronize();
        });
        assertTrue(e.getMessage().contains("4 at position 1") && e.getMessage().contains("[0, 4)"), e.getMessage());
    }

    @Test
    void aLabelOutsideTheVocabularyIsNamed() {
        DeviceException e = assertThrows(DeviceException.class, () -> {
            device.ops().loss().crossEntropy(stream, rows, ids(0, 1, -7), 1, Tensor.of(memory, 256, DType.F32, 3),
                    Tensor.of(memory, 300, DType.F32, 1));
            stream.synchronize();
        });
        assertTrue(e.getMessage().contains("-7 at position 2"), e.getMessage());
    }

    @Test
    void moreThanThereAreExpertsAreRefused() {
        Gate gate = new Gate(Score.SOFTMAX, 3, 1, 1, false, 1);
        Tensor ids = Tensor.of(memory, 0, DType.I32, 3, 3);
        assertThrows(IllegalArgumentException.class,
                () -> device.ops().routing().selectRoundRobin(stream, gate, 2, ids));
    }
}
