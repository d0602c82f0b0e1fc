package io.moe4j.trainer.checkpoint.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ToldOperationsTest {
    private static final String REMEDY = ". Look at the free space, the quota and the permissions there."
            + " Checkpoints that were saved before are as they were";

    @Test
    void theKindOfAProblemIsToldInWords() {
        assertEquals("/runs/a cannot be removed: permission denied: /runs/a" + REMEDY,
                message(new AccessDeniedException("/runs/a")));
        assertEquals("/runs/a cannot be removed: No space left on device" + REMEDY,
                message(new FileSystemException("/runs/a", null, "No space left on device")));
        assertEquals("/runs/a cannot be removed: Input/output error" + REMEDY,
                message(new IOException("Input/output error")));
    }

    private static String message(IOException problem) {
        FileOperations failing = new ForwardingFileOperations(FileOperations.disk()) {
            @Override
            public void delete(Path path) throws IOException {
                throw problem;
            }
        };
        return String.valueOf(assertThrows(IOException.class,
                () -> new ToldOperations(failing).delete(Path.of("/runs/a"))).getMessage());
    }
}
