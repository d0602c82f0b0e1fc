package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceProvider;
import java.io.IOException;
import java.util.Locale;

/**
 * {@code json}: a document in each line, in a list, or one after another.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class JsonSourceProvider implements SourceProvider {

    /** For the service loader. */
    public JsonSourceProvider() {}

    @Override
    public String id() {
        return "json";
    }

    @Override
    public String spiVersion() {
        return SourceProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "JSON objects with a text: .jsonl and .ndjson one in each line, .json in a list or one after another";
    }

    @Override
    public Availability probe() {
        return new Availability.Available();
    }

    @Override
    public boolean reads(String name) {
        return isByLine(name) || name.endsWith(".json");
    }

    @Override
    public boolean readsMessages() {
        return true;
    }

    @Override
    public DocumentReader open(ReadRequest request) throws IOException {
        return JsonDocuments.open(request, isByLine(request.input().name().toLowerCase(Locale.ROOT)));
    }

    private static boolean isByLine(String name) {
        return name.endsWith(".jsonl") || name.endsWith(".ndjson");
    }
}
