package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Against numbers that PyTorch computed in single precision. */
class RopeTableTest {
    private static final AttentionSpec ATTENTION = Flavors.of("debugmodel").attention();

    @Test
    void frequenciesAreThoseOfPyTorchBitForBit() {
        float[] expected = {0x1.0p+0f, 0x1.7ff222p-1f, 0x1.1feb34p-1f, 0x1.afd136p-2f, 0x1.43d136p-2f, 0x1.e5a846p-3f,
                0x1.6c310ep-3f, 0x1.111aeep-3f, 0x1.99999ap-4f, 0x1.33281ap-4f, 0x1.ccab84p-5f, 0x1.3f8b74p-5f,
                0x1.b86438p-6f, 0x1.2d1b86p-6f, 0x1.97e506p-7f, 0x1.111aeep-7f, 0x1.6872b2p-8f, 0x1.d2e0ccp-9f,
                0x1.26d42cp-9f, 0x1.67459ap-10f, 0x1.9e7c6ep-11f, 0x1.b32624p-12f, 0x1.74eea6p-13f, 0x1.17a8e4p-15f,
                0x1.a36e30p-16f, 0x1.3a8746p-16f, 0x1.d7b9e0p-17f, 0x1.61bea2p-17f, 0x1.094566p-17f, 0x1.8dd9bcp-18f,
                0x1.2a5884p-18f, 0x1.bf74a0p-19f};
        float[] frequencies = RopeTable.frequencies(ATTENTION);
        assertEquals(expected.length, frequencies.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], frequencies[i], "pair " + i);
        }
    }

    @Test
    void anglesAgreeUpToTheLongestSequences() {
        float[] table = RopeTable.cosSin(ATTENTION, 16384);
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

    @Test
    void softmaxScaleHasTheTemperature() {
        assertEquals(0.11425195291833387, ATTENTION.softmaxScale(), 1e-8);
        assertEquals(0.1352337788608801, Flavors.of("671B").attention().softmaxScale(), 1e-8);
    }
}
