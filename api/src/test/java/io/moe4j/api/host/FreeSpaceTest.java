package io.moe4j.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeSpaceTest {

    @TempDir
    private Path folder;

    @Test
    void aPlaceHasTheRoomOfTheDiskThatItWillBeOn() throws IOException {
        long room = Files.getFileStore(folder).getUsableSpace();
        long told = FreeSpace.at(folder.resolve("new/model")).orElseThrow();
        // Other processes write to this disk too.
        assertEquals(room, told, 0.5 * room);
        Path file = Files.writeString(folder.resolve("a"), "a");
        assertTrue(FreeSpace.at(file).isPresent());
    }

    @Test
    void whereRoomIsNotWhatIsMissingItIsNotTold() {
        assertEquals("permission denied: /data/a",
                FreeSpace.problem(folder, new UncheckedIOException(new AccessDeniedException("/data/a"))));
    }

    @Test
    void aProblemIsToldWithTheRoom() {
        String text = FreeSpace.problem(folder, new IOException("No space left on device"));
        assertTrue(text.matches("No space left on device; [0-9.,]+ [KMGT]?i?B?(bytes)? ?are free there"), text);
    }
}
