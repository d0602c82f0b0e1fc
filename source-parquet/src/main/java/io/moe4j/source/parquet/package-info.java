/** Parquet files: each row of a column of strings is a document. */
@NullMarked
package io.moe4j.source.parquet;

import org.jspecify.annotations.NullMarked;
