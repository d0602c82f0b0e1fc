package io.moe4j.api.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MemoryTest {

    @Test
    void theFirstCloseFreesIt() {
        List<Memory> freed = new ArrayList<>();
        Memory memory = Memory.of(256, 3L << 31, "rows", freed::add);
        assertTrue(memory.isLive());
        memory.close();
        memory.close();
        assertFalse(memory.isLive());
        assertEquals(List.of(memory), freed);
    }

    @Test
    void itIsNoLongerLiveWhenFreeingFails() {
        Memory memory = Memory.of(256, 4, "rows", freed -> {
            throw new DeviceException("lost");
        });
        assertThrows(DeviceException.class, memory::close);
        assertFalse(memory.isLive());
        memory.close();
    }

    @Test
    void aBorrowedViewEndsWhenItIsClosed() {
        Memory memory = Memory.borrowed(256, 4, "rows");
        memory.close();
        assertFalse(memory.isLive());
    }

    @Test
    void messagesNameItsPurposeAndSize() {
        assertEquals("\"rows\" (4 bytes)", Memory.borrowed(256, 4, "rows").toString());
    }
}
