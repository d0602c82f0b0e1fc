package io.moe4j.layers.rotary;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Against numbers that PyTorch computed in single precision. */
class RotaryTableTest {
    private static final RotarySpec SPEC = new RotarySpec(Rotation.PAIRS, 64, 10000,
            new RotaryScaling.Yarn(40, 4096, 32, 1, true, 1));

    @Test
    void frequenciesAreThoseOfPyTorchBitForBit() {
        float[] expected = {0x1.0p+0f, 0x1.7ff222p-1f, 0x1.1feb34p-1f, 0x1.afd136p-2f, 0x1.43d136p-2f, 0x1.e5a846p-3f,
                0x1.6c310ep-3f, 0x1.111aeep-3f, 0x1.99999ap-4f, 0x1.33281ap-4f, 0x1.ccab84p-5f, 0x1.3f8b74p-5f,
                0x1.b86438p-6f, 0x1.2d1b86p-6f, 0x1.97e506p-7f, 0x1.111aeep-7f, 0x1.6872b2p-8f, 0x1.d2e0ccp-9f,
                0x1.26d42cp-9f, 0x1.67459ap-10f, 0x1.9e7c6ep-11f, 0x1.b32624p-12f, 0x1.74eea6p-13f, 0x1.17a8e4p-15f,
                0x1.a36e30p-16f, 0x1.3a8746p-16f, 0x1.d7b9e0p-17f, 0x1.61bea2p-17f, 0x1.094566p-17f, 0x1.8dd9bcp-18f,
                0x1.2a5884p-18f, 0x1.bf74a0p-19f};
        float[] frequencies = RotaryTable.frequencies(SPEC);
        assertEquals(expected.length, frequencies.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], frequencies[i], "pair " + i);
        }
    }

    @Test
    void anglesAgreeUpToTheLongestSequences() {
        float[] table = RotaryTable.cosSin(SPEC, 16384);
        int[] pairs = {0, 5, 12, 20, 31};
        double[][] at4095 = {{-0.06597599387168884, -0.9978212118148804}, {-0.9475278258323669, -0.3196732997894287},
                {-0.9933662414550781, -0.11499368399381638}, {-0.9954157471656799, -0.09564262628555298},
                {0.9999068379402161, 0.013651502318680286}};
        double[][] at16383 = {{-0.918830931186676, 0.3946514427661896}, {-0.42790016531944275, 0.9038259983062744},
                {0.856873631477356, 0.515526533126831}, {0.9266000390052795, 0.37604838609695435},
                {0.9985088109970093, 0.054590556770563126}};
        for (int i = 0; i < pairs.length; i++) {
            for (int part = 0; part < 2; part++) {
                assertEquals(at4095[i][part], table[4095 * 64 + 2 * pairs[i] + part], 1e-6);
                assertEquals(at16383[i][part], table[16383 * 64 + 2 * pairs[i] + part], 1e-6);
            }
        }
    }

    /** The same angles, at the columns of the other convention. */
    @Test
    void halvesHaveCosinesBeforeSines() {
        float[] pairs = RotaryTable.cosSin(SPEC, 3);
        float[] halves = RotaryTable.cosSin(new RotarySpec(Rotation.HALVES, 64, 10000, SPEC.scaling()), 3);
        for (int s = 0; s < 3; s++) {
            for (int i = 0; i < 32; i++) {
                assertEquals(pairs[s * 64 + 2 * i], halves[s * 64 + i]);
                assertEquals(pairs[s * 64 + 2 * i + 1], halves[s * 64 + 32 + i]);
            }
        }
    }

    /** With theta 10000 and 4 elements the frequencies are 1 and 0.01. */
    @Test
    void linearScalingDividesAll() {
        float[] frequencies = RotaryTable
                .frequencies(new RotarySpec(Rotation.HALVES, 4, 10000, new RotaryScaling.Linear(4)));
        assertEquals(0.25f, frequencies[0]);
        assertEquals(0.0025f, frequencies[1], 1e-9f);
    }

    /**
     * Waves over 8192 tokens at frequency f: 8192 f / 2π. Frequency 1 makes 1304, more than high_freq_factor 4: it is left. 0.01 makes 13: left. With
     * original length 1024, 0.01 makes 1.63, between 1 and 4: a share of (1.63 − 1) / 3 is kept. With 256 it makes 0.41, less than 1: divided by 8.
     */
    @Test
    void llama3DividesWhatTurnsSlowly() {
        assertEquals(0.01f, llama(8192), 1e-9f);
        double kept = (1024 * 0.01 / (2 * Math.PI) - 1) / 3;
        assertEquals((float) (kept * 0.01 + (1 - kept) * 0.01 / 8), llama(1024), 1e-8f);
        assertEquals(0.00125f, llama(256), 1e-9f);
    }

    private static float llama(long originalLength) {
        RotarySpec spec = new RotarySpec(Rotation.HALVES, 4, 10000,
                new RotaryScaling.Llama3(8, originalLength, 1, 4));
        return RotaryTable.frequencies(spec)[1];
    }

    /** YaRN's attention factor stretches cosines and sines, and so queries and keys. */
    @Test
    void theAmplitudeIsAppliedToTheTable() {
        RotaryScaling.Yarn plain = (RotaryScaling.Yarn) SPEC.scaling();
        RotaryScaling.Yarn louder = new RotaryScaling.Yarn(plain.factor(), plain.originalLength(), plain.betaFast(),
                plain.betaSlow(), true, 1.5);
        float[] expected = RotaryTable.cosSin(SPEC, 2);
        float[] table = RotaryTable.cosSin(new RotarySpec(Rotation.PAIRS, 64, 10000, louder), 2);
        for (int i = 0; i < table.length; i++) {
            assertEquals(1.5f * expected[i], table[i]);
        }
    }
}
