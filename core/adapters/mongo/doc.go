// Package mongo keeps Kernia's rows in MongoDB: one collection for each model,
// one document for each row, stored as Better Auth's mongo adapter stores them,
// so that both can work on one database.
//
// It needs MongoDB 5.0 or later. Related writes are transactions on a replica
// set or a sharded cluster, but not on a standalone server; see [Options].
//
// # Stored format
//
//   - The id is "_id"; other fields have the column's name of the schema.
//   - Ids, and references to ids, are ObjectIds when they consist of 24 lower-case
//     hexadecimal digits, and strings otherwise. With UUID keys they are binary
//     values of subtype 4, with serial keys numbers.
//   - Dates are BSON dates, lists are arrays, JSON is a string of its text.
//   - A null that is written is stored as null; a field that is absent reads as
//     null and is found as null.
//
// # Foreign keys
//
// MongoDB has no foreign keys, so the adapter enforces them. It looks up a
// reference before it is written. When a row is removed, the rows that refer to it
// are removed, have the reference unset, or prevent the removal. This happens in
// one transaction where transactions are available. It takes no lock: a row that
// is created while the row it refers to is being removed can stay behind. When
// rows refer to a field other than the id, a change of that field is not checked
// against them.
package mongo
