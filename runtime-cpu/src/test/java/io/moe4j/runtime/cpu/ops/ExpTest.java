package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class ExpTest {

    private static float exp(float x) {
        return Exp.of(FloatVector.broadcast(Lanes.F, x)).lane(0);
    }

    /** Error in units in the last place: polynomial 0.1, its last two additions 1, reduced argument 0.2; twice the sum if the result is subnormal. */
    @Test
    void isWithinTwoUnits() {
        float[] in = new float[Lanes.COUNT];
        double worst = 0;
        for (double x = -87; x < 88.7; x += 0.0013) {
            for (int i = 0; i < in.length; i++) {
                in[i] = (float) (x + i * 0.00007);
            }
            FloatVector out = Exp.of(FloatVector.fromArray(Lanes.F, in, 0));
            for (int i = 0; i < in.length; i++) {
                double wanted = Math.exp(in[i]);
                worst = Math.max(worst, Math.abs(out.lane(i) - wanted) / Math.ulp((float) wanted));
            }
        }
        assertTrue(worst <= 2, "off by " + worst + " units in the last place");
    }

    @Test
    void specialValues() {
        assertEquals(1, exp(0));
        assertEquals(0, exp(Float.NEGATIVE_INFINITY));
        assertEquals(0, exp(-1000));
        assertEquals(Float.POSITIVE_INFINITY, exp(Float.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, exp(100));
        assertTrue(Float.isNaN(exp(Float.NaN)));
        assertEquals(Math.exp(-95), exp(-95), 2 * Float.MIN_VALUE);
        assertEquals((float) Math.exp(88.7), exp(88.7f), 3e33);
    }
}
