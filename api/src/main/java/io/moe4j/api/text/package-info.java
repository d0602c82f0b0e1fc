/** Training text: files as documents, and documents as ids. */
@NullMarked
package io.moe4j.api.text;

import org.jspecify.annotations.NullMarked;
