package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Results are the same bits, whatever the number of threads, compiled or not. */
class SameResultTest {

    @Test
    void onOneTwoAndThreeThreads() {
        List<double[]> one = run(1);
        assertTrue(one.stream().allMatch(x -> x.length > 0));
        for (int threads = 1; threads <= 3; threads++) {
            List<double[]> other = run(threads);
            for (int i = 0; i < one.size(); i++) {
                assertArrayEquals(one.get(i), other.get(i), "result " + i + " on " + threads + " threads");
            }
        }
    }

    private static List<double[]> run(int threads) {
        try (TestMachine machine = new TestMachine(threads)) {
            Random random = new Random(1);
            List<Tensor> results = new ArrayList<>();
            matmul(machine, random, results);
            attention(machine, random, results);
            rows(machine, random, results);
            return results.stream().map(TestMachine::read).toList();
        }
    }

    private static Tensor random(TestMachine machine, Random random, long... shape) {
        Tensor tensor = machine.tensor(DType.F32, shape);
        TestMachine.write(tensor, Expect.random(random, DType.F32, tensor.elements()));
        return tensor;
    }

    private static void matmul(TestMachine machine, Random random, List<Tensor> results) {
        Tensor c = machine.tensor(DType.F32, 300, 517);
        machine.ops.matmul().matmul(TestMachine.STREAM,
                Matmul.of(random(machine, random, 300, 250), random(machine, random, 250, 517), c));
        results.add(c);
    }

    private static void attention(TestMachine machine, Random random, List<Tensor> results) {
        AttentionShape shape = new AttentionShape(1, 300, 4, 48, 32, DType.F32);
        Forward forward = new Forward(shape, 0.2f, random(machine, random, 1, 300, 4, 48),
                random(machine, random, 1, 300, 4, 48), random(machine, random, 1, 300, 4, 32),
                machine.tensor(DType.F32, 1, 300, 4, 32), machine.tensor(DType.F32, 1, 4, 300), Optional.empty());
        Tensor dq = machine.tensor(DType.F32, 1, 300, 4, 48);
        Tensor dk = machine.tensor(DType.F32, 1, 300, 4, 48);
        Tensor dv = machine.tensor(DType.F32, 1, 300, 4, 32);
        machine.ops.attention().forward(TestMachine.STREAM, forward);
        machine.ops.attention().backward(TestMachine.STREAM,
                new Backward(forward, random(machine, random, 1, 300, 4, 32), dq, dk, dv, Optional.empty()));
        results.addAll(List.of(forward.o_BSHV(), forward.lse_BHS(), dq, dk, dv));
    }

    private static void rows(TestMachine machine, Random random, List<Tensor> results) {
        Tensor x = random(machine, random, 700, 100);
        Tensor weight = random(machine, random, 100);
        Tensor y = machine.tensor(DType.F32, 700, 100);
        Tensor rstd = machine.tensor(DType.F32, 700);
        machine.ops.norm().forward(TestMachine.STREAM, x, weight, 1e-5f, y, rstd);
        Tensor dx = machine.tensor(DType.F32, 700, 100);
        Tensor dweight = machine.tensor(DType.F32, 100);
        Tensor workspace = machine.tensor(DType.F32, new CpuWorkspaceSizes().rmsNormBackward(700, 100) / Float.BYTES);
        machine.ops.norm().backward(TestMachine.STREAM,
                new NormOps.Backward(y, x, weight, rstd, dx, false, dweight, false, Optional.of(workspace)));
        Tensor ids = machine.ints(random.ints(700, 0, 100).toArray(), 700);
        Tensor table = machine.tensor(DType.F32, 100, 100);
        machine.ops.embedding().backward(TestMachine.STREAM, ids, y, table, false, Optional.empty());
        Tensor loss = machine.floats(DType.F32, new double[] {0}, 1);
        Tensor rowLoss = machine.tensor(DType.F32, 700);
        machine.ops.loss().crossEntropy(TestMachine.STREAM, x, ids, 0.01f, rowLoss, loss);
        Tensor sum = machine.floats(DType.F32, new double[] {0}, 1);
        machine.ops.optimizer().sumOfSquares(TestMachine.STREAM, x, sum, Optional.empty());
        results.addAll(List.of(y, rstd, dx, dweight, table, loss, rowLoss, x, sum));
    }
}
