package io.moe4j.trainer.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.tensor.DType;
import io.moe4j.safetensors.SafetensorsWriter.Declaration;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailedExportTest {

    @TempDir
    private Path folder;

    @Test
    void theErrorHasReasonRoomSizeAndRemedy() {
        Path model = folder.resolve("model");
        String message = String.valueOf(FailedExport.of("model", model,
                List.of(new Declaration("a", DType.F32, List.of(256L, 4L)),
                        new Declaration("b", DType.BF16, List.of(512L))),
                new IOException("No space left on device")).getMessage());
        assertTrue(message.startsWith("the model cannot be written to " + model + " (No space left on device; "),
                message);
        assertTrue(message.endsWith(" are free there, and its tensors take 5.00 KiB); nothing is left there."
                + " Make room, or name a folder on another disk"), message);
    }
}
