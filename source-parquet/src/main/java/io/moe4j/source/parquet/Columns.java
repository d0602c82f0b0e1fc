package io.moe4j.source.parquet;

import dev.hardwood.metadata.ColumnMetaData;
import dev.hardwood.metadata.CompressionCodec;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.metadata.RepetitionType;
import dev.hardwood.metadata.RowGroup;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.schema.SchemaNode;
import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.text.ReadRequest;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Whether the columns that are asked for are there, and can be read. */
final class Columns {
    private static final Set<CompressionCodec> KNOWN = Set.of(CompressionCodec.UNCOMPRESSED, CompressionCodec.SNAPPY,
            CompressionCodec.GZIP, CompressionCodec.ZSTD);

    private Columns() {}

    static void check(String file, ReadRequest request, ParquetFileReader reader) {
        check(file, request.textField(), "data.text_field", reader);
        request.promptField().ifPresent(field -> check(file, field, "data.prompt_field", reader));
    }

    private static void check(String file, String field, String key, ParquetFileReader reader) {
        List<SchemaNode> columns = reader.getFileSchema().getRootNode().children();
        SchemaNode column = columns.stream().filter(each -> each.name().equals(field)).findFirst()
                .orElseThrow(() -> new InputException(file + " has no column \"" + Shown.of(field) + "\", but "
                        + Shown.of(columns.stream().map(SchemaNode::name).toList().toString()) + "; set " + key
                        + " to the one with text"));
        if (!(column instanceof SchemaNode.PrimitiveNode primitive)
                || primitive.repetitionType() == RepetitionType.REPEATED) {
            throw new InputException(file + " has the nested column \"" + Shown.of(field)
                    + "\", and a column of strings is needed; set " + key + " to one, or write the text into one");
        }
        if (primitive.type() != PhysicalType.BYTE_ARRAY) {
            throw new InputException(file + " has values of the type " + primitive.type() + " in the column \""
                    + Shown.of(field) + "\", and a column of strings is needed; set " + key + " to one");
        }
        for (RowGroup group : reader.getFileMetaData().rowGroups()) {
            ColumnMetaData data = group.columns().get(primitive.columnIndex()).metaData();
            if (!KNOWN.contains(data.codec())) {
                throw new InputException(file + " is compressed with " + data.codec().name().toLowerCase(Locale.ROOT)
                        + " in the column \"" + Shown.of(field)
                        + "\", and zstd, snappy, gzip and none are read; write it with one of these");
            }
        }
    }
}
