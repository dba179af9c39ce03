// Package mongo keeps Kernia's rows in MongoDB: one collection for each model,
// one document for each row, stored as Better Auth's mongo adapter stores them,
// so that both can work on one database.
//
// It needs MongoDB 5.0 or later. On a replica set or a sharded cluster writes
// that belong together are transactions; on a standalone server they are not,
// see [Options].
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
// MongoDB has none, so the adapter looks after them: a reference is looked up
// before it is written, and a removal removes, unsets or is refused by the rows
// that refer to it. This happens in one transaction where there are any. It is
// no lock: a row that is created at the very moment in which the row it refers
// to is removed stays behind. A field other than the id to which rows refer can be
// changed; they are not looked at then.
package mongo
