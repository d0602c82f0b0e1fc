package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.management.ManagementFactory;
import java.util.List;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * A vector that the compiler does not keep in a register is an object, and a product takes ten times as long. So products must make none once they are
 * compiled, which happens in the background: the test repeats them until then.
 */
@Isolated("counts the objects of all threads")
class VectorProductObjectsTest {
    private static final int SIZE = 320;
    private static final int PRODUCTS = 10;
    /** A product of 320³ makes 4 million vectors, of 100 bytes or so each. What is made besides is a few KB. */
    private static final long LIMIT = PRODUCTS * 1_000_000L;

    @Test
    void compiledProductsMakeNoObjectsForVectors() throws JMException {
        try (Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu").open(DeviceConfig.defaults());
                Stream stream = device.openStream("products");
                Memory memory = device.allocate(3L * SIZE * SIZE * Float.BYTES, "products")) {
            assumeTrue(device.description().contains("vectors of 512 bits"),
                    "needs products in Java (decision 64), and there are none on " + device.description());
            Tensor a = matrix(memory, 0);
            Tensor b = matrix(memory, 1);
            Tensor c = matrix(memory, 2);
            stream.fill(a, 1);
            stream.fill(b, 1);
            for (Matmul product : List.of(Matmul.of(a, b, c), Matmul.ofTransposedA(a, b, c),
                    Matmul.ofTransposedB(a, b, c))) {
                long least = Long.MAX_VALUE;
                for (long end = System.nanoTime() + 60_000_000_000L; least > LIMIT && System.nanoTime() < end;) {
                    least = Math.min(least, bytesMade(device, stream, product));
                }
                assertTrue(least <= LIMIT, product + " makes " + least / PRODUCTS + " bytes of objects");
            }
        }
    }

    private static long bytesMade(Device device, Stream stream, Matmul product) throws JMException {
        long before = bytesMade();
        for (int i = 0; i < PRODUCTS; i++) {
            device.ops().matmul().matmul(stream, product);
        }
        stream.synchronize();
        return bytesMade() - before;
    }

    /** By all threads so far. */
    private static long bytesMade() throws JMException {
        return (long) ManagementFactory.getPlatformMBeanServer()
                .getAttribute(ObjectName.getInstance("java.lang:type=Threading"), "TotalThreadAllocatedBytes");
    }

    private static Tensor matrix(Memory memory, int index) {
        return Tensor.of(memory, (long) index * SIZE * SIZE * Float.BYTES, DType.F32, SIZE, SIZE);
    }
}
